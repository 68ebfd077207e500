"""What the ranking of ties may know, of a round's columns: only people who may be named, and their ties."""

from __future__ import annotations

import numpy as np

from crosstie.matching.arrays import Bools, Ints
from crosstie.matching.contacts import Columns
from crosstie.matching.people import People
from crosstie.matching.ties.history import ATTRIBUTES, History, Who


def told(people: People) -> tuple[Bools | Ints, ...]:
    """The columns of people that it is made of."""
    attributes = (getattr(people, name) for name in ATTRIBUTES)
    return (people.eligible, people.level, people.manager, *attributes)


def history(people: People, columns: Columns, one: Ints, other: Ints) -> History:
    """The history of ties between one[k] and other[k], as `ties.history` has it of a network."""
    direct = columns.contact & columns.met & ~columns.blocked
    which = np.flatnonzero(direct & people.eligible[one] & people.eligible[other])
    return History(
        who=Who(
            codes={name: getattr(people, name) for name in ATTRIBUTES},
            level=people.level,
            manager=people.manager,
        ),
        a=one[which],
        b=other[which],
        contacts=np.maximum(columns.contacts[which], 1).astype(np.float64),
        by_a=columns.by_a[which].astype(np.float64),
        by_b=columns.by_b[which].astype(np.float64),
        first=columns.first[which],
        last=columns.since[which],
    )
