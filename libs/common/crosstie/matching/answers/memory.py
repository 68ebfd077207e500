"""Answers remembered by the ledger, as rates of the members whom some pairs are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from crosstie.matching import ledger as ledgers
from crosstie.matching.answers.rates import Said, Tendencies, Who
from crosstie.matching.arrays import Ints
from crosstie.matching.ledger import Ledger
from crosstie.matching.people import UNKNOWN, People

EVEN = 0.5  # what rates are held near; whatever was learned, or features would shift under a model
_MOST = 0.25  # share of the members above which all are read, once


class Memory:
    """Read as far as it is asked for: a small round asks of few members."""

    def __init__(self, ledger: Ledger, people: People) -> None:
        self._ledger, self._people = ledger, people
        self._who = Who(people.sector, people.profession, people.level)
        self._all: Tendencies | None = None

    def of(self, one: Ints, other: Ints) -> Tendencies:
        """Tendencies that are right for the pairs (one[k], other[k])."""
        if self._all is not None:
            return self._all
        subjects = self._people.subjects
        if len(one) + len(other) >= _MOST * len(subjects):
            self._all = self._read(self._ledger.answered, self._ledger.judged)
            return self._all
        names = [subjects[i] for i in np.unique(np.concatenate([one, other])).tolist()]
        answered, judged = self._ledger.answered, self._ledger.judged
        return self._read(
            {name: answered[name] for name in names if name in answered},
            {name: judged[name] for name in names if name in judged},
        )

    def _read(
        self,
        answered: Mapping[str, tuple[ledgers.Said, ...]],
        judged: Mapping[str, tuple[ledgers.Said, ...]],
    ) -> Tendencies:
        by, about, yes, at = self._columns(answered.items())
        given = Said(by, about, yes.astype(np.bool_), at)
        about, by, yes, at = self._columns(judged.items())
        received = Said(by, about, yes.astype(np.bool_), at)
        return Tendencies(given, received, self._who, EVEN)

    def _columns(self, said: Iterable[tuple[str, tuple[ledgers.Said, ...]]]) -> tuple[Ints, ...]:
        index = self._people.index
        rows = [
            (mine, index.get(each.whom, UNKNOWN), each.yes, each.at)
            for subject, theirs in said
            if (mine := index.get(subject, UNKNOWN)) != UNKNOWN
            for each in theirs
        ]
        return tuple(np.array(rows, dtype=np.int64).reshape(-1, 4).T.copy())
