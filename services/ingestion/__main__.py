"""`python -m services.ingestion`."""

from __future__ import annotations

from crosstie.runtime.service import run
from services.ingestion.app import build

if __name__ == "__main__":
    run("ingestion", build)
