"""Numbers for what people say of themselves: in the order of the texts, and how many say each.

A text that is said for the first time, or by nobody any more, moves the numbers of those after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crosstie.matching.arrays import Ints

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Codes:
    """Code i is names[i]; these ascend. Never changed: `after` makes others."""

    names: tuple[str, ...]
    times: Ints  # said, above 0

    @classmethod
    def of(cls, said: Iterable[str | None]) -> Codes:
        """Of all that is said; None says nothing."""
        counts = Counter(each for each in said if each is not None)
        names = tuple(sorted(counts))
        return cls(names, np.array([counts[name] for name in names], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.names)

    def numbered(self) -> dict[str, int]:
        """The code of every name."""
        return {name: code for code, name in enumerate(self.names)}

    def after(
        self, gone: Iterable[str | None], came: Iterable[str | None]
    ) -> tuple[Codes, Ints | None]:
        """Once these are said less, and those more; what every code becomes, None where all stay.

        Of a code that nobody says any more, and of UNKNOWN, which is the last place, UNKNOWN.
        """
        more = Counter(each for each in came if each is not None)
        more.subtract(each for each in gone if each is not None)
        if not any(more.values()):
            return self, None
        number, times = self.numbered(), self.times.copy()
        for name in more.keys() & number.keys():
            times[number[name]] += more[name]
        news = {name: count for name, count in more.items() if name not in number and count}
        kept = times > 0
        if not news and kept.all():
            return Codes(self.names, times), None
        left = [name for name, stays in zip(self.names, kept.tolist(), strict=True) if stays]
        names = tuple(sorted((*left, *news)))
        number = {name: code for code, name in enumerate(names)}
        moved = np.array([*(number.get(each, UNKNOWN) for each in self.names), UNKNOWN], np.int64)
        counts = np.zeros(len(names), dtype=np.int64)
        counts[moved[:-1][kept]] = times[kept]
        for name, count in news.items():
            counts[number[name]] = count
        return Codes(names, counts), moved

    def coded(self, said: Iterable[str | None]) -> Ints:
        """The code of each; UNKNOWN of what nobody says."""
        number = self.numbered()
        return np.array(
            [UNKNOWN if each is None else number.get(each, UNKNOWN) for each in said], np.int64
        )
