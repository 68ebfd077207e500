"""The columns of people, and their ties, once few came or went: places move, nothing is read anew.

Whoever came has said nothing yet, and whoever goes says nothing any more and has no tie: what they
said, and their ties, are put in and taken out as those of anybody (`renewal`, `patching`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Ints
from crosstie.matching.graph import Graph
from crosstie.matching.people import CODED, UNKNOWN, Items, People, checksum
from crosstie.matching.profiles import Profile

Crowd = frozenset[str]
_BY_MEMBER = (
    *CODED, "eligible", "level", "reports_to", "wished_directions", "wishes_sectors", "generous",
    "waiting_since", "weekly", "mentors", "mentees", "available",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """From one tuple of subjects, ascending, to another; there may be few in between."""

    stays: Bools  # by place before
    to: Ints  # place now by place before, and by UNKNOWN, which is the last; UNKNOWN of who went
    size: int  # of all that are there now

    @classmethod
    def of(
        cls, before: Mapping[str, int], now: Mapping[str, int], went: Crowd, came: Crowd
    ) -> Self:
        """From places `before` to places `now`."""
        stays, known = np.ones(len(before), dtype=np.bool_), np.ones(len(now), dtype=np.bool_)
        stays[[before[who] for who in went]] = False
        known[[now[who] for who in came]] = False
        to = np.full(len(before) + 1, UNKNOWN, dtype=np.int64)
        to[:-1][stays] = np.flatnonzero(known)
        return cls(stays, to, len(now))

    def column(self, before: Any, nothing: Any) -> Any:
        """One entry by place, `nothing` of who came."""
        after = np.full(self.size, nothing, dtype=before.dtype)
        after[self.to[:-1][self.stays]] = before[self.stays]
        return after

    def pointer(self, before: Any) -> Any:
        """Where the entries of each begin; those of who went, and of who came, are none."""
        after = np.zeros(self.size + 1, dtype=before.dtype)
        np.cumsum(self.column(np.diff(before), 0), out=after[1:])
        return after

    def keys(self, before: Ints) -> Ints:
        """Keys of pairs, ascending, without those of who went."""
        one, other = np.divmod(before, max(len(self.stays), 1))
        kept = self.stays[one] & self.stays[other]
        return self.to[one[kept]] * self.size + self.to[other[kept]]


def moved(
    people: People, graph: Graph, subjects: tuple[str, ...], went: Crowd, came: Crowd
) -> tuple[People, Graph]:
    """The same by places in `subjects`, from which they differ by who went and who came."""
    index = {subject: i for i, subject in enumerate(subjects)}
    move = Move.of(people.index, index, went, came)
    columns = {name: getattr(people, name) for name in _BY_MEMBER}
    size = max(people.sectors, 1)
    wishes = move.to[people.wished_sectors // size] * size + people.wished_sectors % size
    after = replace(
        people,
        subjects=subjects,
        index=index,
        manager=move.column(move.to[people.manager], UNKNOWN),
        wished_sectors=wishes,
        interests=_rows(people.interests, move),
        needs=_items(people.needs, move),
        offers=_items(people.offers, move),
        **{name: move.column(each, _nothing(name)) for name, each in columns.items()},
    )
    return after, _graph(graph, move)


def _nothing(name: str) -> int:
    return UNKNOWN if name in CODED else 0


def _rows(matrix: csr_array, move: Move) -> csr_array:
    pointer = move.pointer(matrix.indptr)
    return csr_array((matrix.data, matrix.indices, pointer), shape=(move.size, matrix.shape[1]))


def _items(before: Items, move: Move) -> Items:
    after = replace(before, owner=move.to[before.owner], first=move.pointer(before.first))
    if "by_word" in before.__dict__:
        after.__dict__["by_word"] = before.by_word
    return after


def _graph(graph: Graph, move: Move) -> Graph:
    narrow = move.to.astype(graph.to.dtype)
    links = graph.links
    entries = links.data, narrow[links.indices], move.pointer(links.indptr)
    return replace(
        graph,
        pointer=move.pointer(graph.pointer),
        to=narrow[graph.to],
        links=csr_array(entries, shape=(move.size, move.size)),
        blocked=move.keys(graph.blocked),
    )


def reporting(people: People, came: Crowd, profiles: Mapping[str, Profile]) -> People:
    """`people` where whoever says that they report to somebody who came does so."""
    sums = np.array(sorted(map(checksum, came)), dtype=np.int64)
    manager = people.manager
    for i in np.flatnonzero((manager == UNKNOWN) & np.isin(people.reports_to, sums)).tolist():
        whom = profiles[people.subjects[i]].reports_to
        if whom in came:
            manager = manager.copy() if manager is people.manager else manager
            manager[i] = people.index[whom]
    return people if manager is people.manager else replace(people, manager=manager)
