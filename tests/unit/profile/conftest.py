"""What all tests of profile's work begin with."""

from __future__ import annotations

import pytest

from services.profile import partition


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "FIRST_WAIT_SECONDS", 0.0001)
    monkeypatch.setattr(partition, "LONGEST_WAIT_SECONDS", 0.001)
