"""Reactions to suggestions that wait for their event time; each suggestion is followed as it should be."""

from __future__ import annotations

import heapq
from typing import Any

from crosstie.simulate.answers import Answerer
from crosstie.simulate.stream import cloud_event
from crosstie.suggestions import SuggestionChanged


class Reactions:
    """What one platform's people will do, by event time; `pace`: a share of the time that they take."""

    def __init__(self, source: str, seed: int, pace: float = 1.0) -> None:
        self._source = source
        self._pace = pace
        self._answerer = Answerer(seed)
        self._due: list[tuple[int, str, dict[str, Any]]] = []
        self._seen: dict[str, int] = {}
        self.counted: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._due)

    @property
    def next(self) -> int | None:
        """When the next one is due."""
        return self._due[0][0] if self._due else None

    def hear(self, change: SuggestionChanged, time: int) -> None:
        """Plan the reactions to a change; ignore an older `seq`, and anything after the end."""
        if change.seq <= self._seen.get(change.suggestion, 0):
            return
        self._seen[change.suggestion] = change.seq
        for each in self._answerer.reactions(change):
            at = time + round(each.delay * self._pace)
            event = cloud_event(self._source, each.id, at, each.noun_verb, each.data)
            heapq.heappush(self._due, (at, each.id, event))

    def before(self, time: int) -> list[dict[str, Any]]:
        """What is due by then, each once."""
        due: list[dict[str, Any]] = []
        while self._due and self._due[0][0] < time:
            due.append(heapq.heappop(self._due)[2])
        for each in due:
            if answer := each["data"].get("answer"):
                self.counted[answer] = self.counted.get(answer, 0) + 1
        return due
