"""Nobody looks at more suggestions in a week than they have time for: what came later stays unread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosstie.simulate.scenario import DAY_US
from crosstie.suggestions import SuggestionChanged

WEEK_US = 7 * DAY_US


class Attention:
    """Who looked at what, and when."""

    def __init__(self) -> None:
        self._looked: dict[str, list[int]] = {}
        self._unread: set[tuple[str, str]] = set()

    def take(self, made: SuggestionChanged, weekly: Sequence[int | None], at: int) -> None:
        """Each side looks at a new suggestion while their week has room; None: whatever comes."""
        for shown, room in zip(made.members, weekly, strict=True):
            if shown.person is None or room is None:
                continue
            looked = self._looked.setdefault(shown.person.id, [])
            if sum(1 for each in looked if each > at - WEEK_US) < room:
                looked.append(at)
            else:
                self._unread.add((made.suggestion, shown.person.id))

    def lacked(self, reaction: dict[str, Any]) -> bool:
        """Whether the one who would react never read what it is about."""
        data = reaction["data"]
        by = data.get("by")
        return by is not None and (data.get("suggestion", ""), by["id"]) in self._unread
