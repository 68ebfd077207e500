"""What a sender is told of an event that was refused: every fault, in words and for machines."""

from __future__ import annotations

from typing import Any

from crosstie.client.door import Refusal

LEVEL: dict[str, Any] = {
    "pointer": "/data/level",
    "value": "9",
    "limit": "1 to 7",
    "remedy": "see docs",
}
TIME: dict[str, Any] = {
    "pointer": "/time",
    "value": "(missing)",
    "limit": "RFC 3339",
    "remedy": "say when",
}


def test_every_fault_is_told_the_first_one_first() -> None:
    told = Refusal(index=2, id="c-1", **TIME, others=(LEVEL,)).told(after=10)
    assert told["message"] == (
        "event 12 (c-1) rejected: /time is (missing), must be RFC 3339; say when. "
        "/data/level is 9, must be 1 to 7; see docs"
    )
    assert told["others"] == [LEVEL]


def test_one_fault_is_told_as_ever() -> None:
    told = Refusal(index=0, id=None, **LEVEL).told()
    assert told == {
        "index": 0,
        "id": None,
        **LEVEL,
        "message": "event 0 (without id) rejected: /data/level is 9, must be 1 to 7; see docs",
    }
