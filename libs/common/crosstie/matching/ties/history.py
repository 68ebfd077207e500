"""The network as arrays, and how it stood earlier: all that the learned ranking may know.

Rows of the fold keep of a tie its first and last contact and their number, not each contact. How
many there were by an earlier moment is taken as if they were spread evenly between the two.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.network.state import Member, folded
from crosstie.network.view import Network

UNKNOWN = -1
ATTRIBUTES = ("sector", "profession", "role", "organisation", "place")


@dataclass(frozen=True, slots=True)
class Who:
    """The members; codes and manager are UNKNOWN, level 0, where nothing was said."""

    codes: Mapping[str, Ints]  # by name of attribute
    level: Ints
    manager: Ints

    def __len__(self) -> int:
        return len(self.level)


@dataclass(frozen=True, slots=True)
class _Course:
    """Contacts over time as a broken line: steps at first contacts, slopes until last ones."""

    total: float
    origin: int  # times count from here, for the sake of precision
    firsts: Ints
    at_once: Floats
    starts: Ints
    rate_by_start: Floats
    offset_by_start: Floats
    ends: Ints
    rate_by_end: Floats
    offset_by_end: Floats


@dataclass(frozen=True)  # no slots: matrices are cached on it
class History:
    """Tie k is between members a[k] < b[k], ascending; one that starts nothing counts for both."""

    who: Who
    a: Ints
    b: Ints
    contacts: Floats  # 1 or more
    by_a: Floats  # of the contacts, those that a started
    by_b: Floats
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.a)

    @property
    def timed(self) -> bool:
        """Some ties are older than others."""
        return len(self) > 0 and bool(self.first.min() < self.first.max())

    @cached_property
    def ties(self) -> csr_array:
        """1 where two have a tie."""
        return self.both(np.ones(len(self)))

    @cached_property
    def degree(self) -> Floats:
        """Ties per member."""
        return sums(self.ties)

    @property
    def warm(self) -> Bools:
        """Who has any tie."""
        return self.degree > 0

    def both(self, values: Floats, among: Bools | None = None) -> csr_array:
        """The symmetric matrix of `values` per tie, of those `among` only."""
        chosen = np.arange(len(self)) if among is None else np.flatnonzero(among)
        a, b, given = self.a[chosen], self.b[chosen], values[chosen]
        return sparse(np.r_[a, b], np.r_[b, a], np.r_[given, given], len(self.who))

    @cached_property
    def _course(self) -> _Course:
        return _course(self.first, self.last, self.contacts)

    def share_by(self, moments: Ints) -> Floats:
        """Of all contacts the share that there was by each of `moments`: time at the network's pace."""
        course = self._course
        begun = np.searchsorted(course.starts, moments, side="right")
        ended = np.searchsorted(course.ends, moments, side="right")
        rate = course.rate_by_start[begun] - course.rate_by_end[ended]
        offset = course.offset_by_start[begun] - course.offset_by_end[ended]
        at_once = course.at_once[np.searchsorted(course.firsts, moments, side="right")]
        passed = (moments - course.origin).astype(np.float64)
        return np.asarray((at_once + rate * passed - offset) / course.total)

    def moment_of(self, share: float) -> int:
        """By when there was `share` of all contacts: the first moment."""
        moments = range(int(self.first.min()), int(self.last.max()))
        return moments.start + bisect_left(moments, share, key=self._share_by)

    def moment_after(self, share: float) -> int:
        """When there was more than `share` of all contacts: the first moment."""
        moments = range(int(self.first.min()), int(self.last.max()) + 1)
        return moments.start + bisect_right(moments, share, key=self._share_by)

    def _share_by(self, moment: int) -> float:
        return float(self.share_by(np.array([moment]))[0])

    def until(self, moment: int) -> History:
        """The ties that there were by `moment`, with the contacts that they had by then, about."""
        known = np.flatnonzero(self.first <= moment)
        first, last, contacts = self.first[known], self.last[known], self.contacts[known]
        span = np.maximum(last - first, 1)
        share = np.where(last <= moment, 1.0, (moment - first) / span)
        then = np.where(last <= moment, contacts, 1 + np.floor((contacts - 1) * share))
        part = then / contacts
        latest = first + ((then - 1) / np.maximum(contacts - 1, 1) * (last - first)).astype(
            np.int64
        )
        return replace(
            self,
            a=self.a[known],
            b=self.b[known],
            contacts=then,
            by_a=self.by_a[known] * part,
            by_b=self.by_b[known] * part,
            first=first,
            last=np.where(last <= moment, last, latest),
        )

    def without(self, hidden: Bools) -> History:
        """The same, had some of the ties not been seen."""
        kept = np.flatnonzero(~hidden)
        names = ("a", "b", "contacts", "by_a", "by_b", "first", "last")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def history(network: Network) -> History:
    """What the rows of `network` tell: index i is the member network.subjects[i]."""
    index = {subject: i for i, subject in enumerate(network.subjects)}
    members = [network.members[subject] for subject in network.subjects]
    ties = [tie for tie in network.contacts if tie.met]
    return History(
        who=Who(
            codes={name: _codes(members, name) for name in ATTRIBUTES},
            level=_ints(member.level or 0 for member in members),
            manager=_ints(index.get(member.reports_to or "", UNKNOWN) for member in members),
        ),
        a=_ints(index[tie.a] for tie in ties),
        b=_ints(index[tie.b] for tie in ties),
        contacts=_ints(max(sum(tie.contacts.values()), 1) for tie in ties).astype(np.float64),
        by_a=_ints(tie.started_by_a for tie in ties).astype(np.float64),
        by_b=_ints(tie.started_by_b for tie in ties).astype(np.float64),
        first=_ints(tie.first or 0 for tie in ties),
        last=_ints(tie.last or 0 for tie in ties),
    )


def sparse(rows: Ints, columns: Ints, values: Floats, size: int) -> csr_array:
    """A square matrix; values at the same place add up."""
    matrix = csr_array((values, (rows, columns)), shape=(size, size))
    matrix.sort_indices()
    return matrix


def sums(matrix: csr_array) -> Floats:
    """Per row."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _course(first: Ints, last: Ints, contacts: Floats) -> _Course:
    lasting = last > first
    origin = int(first.min())
    since, until = first[lasting], last[lasting]
    rate = (contacts[lasting] - 1) / (until - since)
    by_start, by_end = np.argsort(since, kind="stable"), np.argsort(until, kind="stable")
    starts, ends, order = since[by_start], until[by_end], np.argsort(first, kind="stable")
    return _Course(
        total=float(contacts.sum()),
        origin=origin,
        firsts=first[order],
        at_once=_upto(np.where(lasting, 1.0, contacts)[order]),
        starts=starts,
        rate_by_start=_upto(rate[by_start]),
        offset_by_start=_upto(rate[by_start] * (starts - origin)),
        ends=ends,
        rate_by_end=_upto(rate[by_end]),
        offset_by_end=_upto(rate[by_end] * (ends - origin)),
    )


def _upto(values: Floats) -> Floats:
    """Sum of the first k values, for every k."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _codes(members: list[Member], name: str) -> Ints:
    said = [getattr(member, name) for member in members]
    terms = sorted({folded(term) for term in said if term is not None})
    code = {term: i for i, term in enumerate(terms)}
    return _ints(UNKNOWN if term is None else code[folded(term)] for term in said)
