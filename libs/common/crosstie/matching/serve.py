"""Whom a round serves: the members whose rows, or whose ties' rows, differ between two cuts.

The first is that of the last round that made suggestions: what came by while rounds only settled
is served by the next that does more. Live rounds and replay call these functions alike, so that a
recorded round can be recomputed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.matching.pacing import freed_by_time
from crosstie.network.state import Row


def changed_members(
    before: Mapping[str, Row | None],
    after: Mapping[str, Row | None],
    keys: Iterable[str] | None = None,
) -> frozenset[str]:
    """Subject ids of the rows that differ, both ends of a tie; None is an absent row.

    `keys`, where given, must hold every key that may differ.
    """
    touched = before.keys() | after.keys() if keys is None else keys
    return frozenset(
        subject for key in touched if before.get(key) != after.get(key) for subject in subjects(key)
    )


def left_over(before: Ledger, round: Round) -> frozenset[str]:
    """Whose slot was freed, by time or by settlement, in a round that only settled.

    Whoever makes suggestions next serves them too; `before` is the ledger that the round began with.
    """
    if not round.settle_only:
        return frozenset()
    settled = (each for change in round.changes for each in change.suggestion.members)
    return freed_by_time(before, round.at).union(settled)


def subjects(key: str) -> tuple[str, ...]:
    """The people a row's key is about: `member/<s>` one, `tie/<a>/<b>` two."""
    return tuple(key.split("/")[1:])
