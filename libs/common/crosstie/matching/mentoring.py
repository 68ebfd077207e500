"""Who may mentor whom: the senior the junior, the junior the senior or an equal where that is wished.

Offering to mentor and wanting a mentor are asked of everybody; mentoring upwards and among equals
also of a wish by name, as few expect it. Where a level is unknown, offered and wanted are enough.
Line managers, blocks and what is cooling down are ruled out before, as for all suggestions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crosstie.matching import policy as rules
from crosstie.matching.affinity import Shared
from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.people import DIRECTIONS, People

ENOUGH_ABOVE = 2  # levels: more of them bring no more experience to a mentee


@dataclass(frozen=True, slots=True)
class Ask:
    """`askers` look among `asked` for levels within `span` of their own; None: where one is unknown."""

    askers: Bools
    asked: Bools
    span: tuple[int, int] | None

    def near(self, own: int, levels: Ints) -> Bools:
        """Which of `levels` somebody of level `own` looks for."""
        known = (levels > 0) & (own > 0)
        if self.span is None:
            return np.asarray(~known)
        low, high = self.span
        return np.asarray(known & (levels >= own + low) & (levels <= own + high))


@dataclass(frozen=True, slots=True)
class Roles:
    """Who has a free slot to mentor or to be mentored, and who wishes which direction by name."""

    level: Ints  # 0 is unknown
    offers: Bools
    wants: Bools
    looks_down: Bools
    looks_across: Bools
    gaps: tuple[int, int]  # least and widest distance of levels

    @classmethod
    def of(cls, people: People, mentees: Ints, mentors: Ints, gaps: tuple[int, int]) -> Roles:
        """The roles of `people` with so many free slots for mentees and for mentors."""
        wished = people.wished_directions
        down, across = ((wished & DIRECTIONS[each]) > 0 for each in ("down", "across"))
        return cls(people.level, mentees > 0, mentors > 0, down, across, gaps)

    def asks(self) -> Iterator[Ask]:
        """Whom to look for among whom: both sides of every way that `oriented` lets pass."""
        near, far = self.gaps
        for mentees, mentors, span in (
            (self.wants, self.offers, (near, far)),
            (self.wants & self.looks_down, self.offers, (-far, -near)),
            (self.wants & self.looks_across, self.offers & self.looks_across, (0, 0)),
            (self.wants, self.offers, None),
        ):
            yield Ask(mentees, mentors, span)
            yield Ask(mentors, mentees, span and (-span[1], -span[0]))

    def oriented(self, a: Ints, b: Ints) -> tuple[Ints, Ints, Bools]:
        """Mentor, mentee, and whether they may be: of two ways that both may, `a`'s or the senior's."""
        a_leads = self._may(a, b)
        b_leads = self._may(b, a) & ~(a_leads & (self.level[a] >= self.level[b]))
        return np.where(b_leads, b, a), np.where(b_leads, a, b), a_leads | b_leads

    def _may(self, mentor: Ints, mentee: Ints) -> Bools:
        above = self.level[mentor] - self.level[mentee]
        near, far = self.gaps
        known = (self.level[mentor] > 0) & (self.level[mentee] > 0)
        apart = (np.abs(above) >= near) & (np.abs(above) <= far)
        wished = np.select(
            [~known, above > 0, above < 0],
            [True, apart, apart & self.looks_down[mentee]],
            self.looks_across[mentor] & self.looks_across[mentee],
        )
        return np.asarray(self.offers[mentor] & self.wants[mentee] & wished)


def suits(
    weights: rules.Mentoring, people: People, common: Shared, mentor: Ints, mentee: Ints
) -> Floats:
    """Gain of every pair by how well the one may mentor the other; a met need counts by itself."""
    level = people.level
    known = (level[mentor] > 0) & (level[mentee] > 0)
    above = np.where(known, np.clip(level[mentor] - level[mentee], 0, ENOUGH_ABOVE), 0)
    return np.asarray(weights.experience * above + weights.profession * common.profession)
