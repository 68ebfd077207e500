"""`python -m services.matching`."""

from __future__ import annotations

from crosstie.runtime.service import run
from services.matching.app import build

if __name__ == "__main__":
    run("matching", build)
