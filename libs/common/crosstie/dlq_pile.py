"""All dead letters there are: what became of each, and how an operator is shown it.

What is refused again after a replay is one open letter, however many were written of it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from crosstie import instants
from crosstie.dlq import Letter

Marked = Literal["replayed", "dismissed"]
State = Literal["open", "refused again"] | Marked


class Pile:
    """The letters by name only."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._newest: dict[str, tuple[int, int, str]] = {}  # of each record: replays, when, name
        self._marks: dict[str, Marked] = {}

    def add(self, letter: Letter) -> bool:
        """Whether it is new: ingestion may read a batch again, and refuse the same again."""
        if letter.name in self._known:
            return False
        self._known.add(letter.name)
        refused = (letter.replays, instants.from_rfc3339(letter.at), letter.name)
        self._newest[letter.first] = max(refused, self._newest.get(letter.first, refused))
        return True

    def mark(self, name: str, what: Marked = "replayed") -> None:
        """What was done about the letter of that name, last."""
        self._marks[name] = what

    def newest(self, letter: Letter) -> str:
        """The letter that was written last of the same record."""
        return self._newest[letter.first][2]

    def replays(self, letter: Letter) -> int:
        """How often the record was replayed and refused again."""
        return self._newest[letter.first][0]

    def state(self, letter: Letter) -> State:
        """What an operator has to do about it; only of `open` ones anything."""
        if self.newest(letter) != letter.name:
            return "refused again"
        return self._marks.get(letter.name, "open")


def shown(letter: Letter, pile: Pile) -> dict[str, Any]:
    """The letter as JSON for people and programs, without its payload."""
    why: dict[str, Any] = msgspec.to_builtins(letter.reason)
    about = {
        "letter": letter.name,
        "at": letter.at,
        "state": pile.state(letter),
        "replays": letter.replays,
        "newest": pile.newest(letter),
        "bytes": len(letter.value or b""),
    }
    return about | why


def shown_in_full(letter: Letter, pile: Pile) -> dict[str, Any]:
    """The letter with its original, as text where it is text, else in hexadecimal."""
    headers = [[name, _text(value)] for name, value in letter.headers]
    original = {"key": _text(letter.key), "headers": headers, "value": _text(letter.value)}
    return shown(letter, pile) | {"omitted_bytes": letter.omitted, "original": original}


def _text(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}
