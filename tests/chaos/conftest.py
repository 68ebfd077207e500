"""The same whole systems as tests/e2e."""

from __future__ import annotations

from tests.e2e.conftest import environment

__all__ = ["environment"]
