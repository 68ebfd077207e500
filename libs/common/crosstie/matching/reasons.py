"""Why two people are suggested to each other, whom both know, and what each can give: codes, by pair.

Codes, amounts and ids only: `explain` turns them into words. Codes: docs/reasons.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from crosstie.matching import pairwise
from crosstie.matching.affinity import Match
from crosstie.matching.arrays import Ints, millionths, sparse
from crosstie.matching.graph import Graph
from crosstie.matching.model import Reason
from crosstie.matching.people import People
from crosstie.matching.scoring import Scored

MUTUAL_SHOWN = 3


@lru_cache(maxsize=4096)
def _said(code: str, amount: int = 0) -> Reason:
    """Most say the same: one object for all of them."""
    return Reason(code, amount)


def mutual(people: People, graph: Graph, one: Ints, other: Ints) -> Iterator[tuple[str, ...]]:
    """Whom both know and may be named, by the weaker of the two ties, the strongest MUTUAL_SHOWN."""
    links, weights = sparse(graph.links), sparse(graph.weights_of(np.concatenate([one, other])))
    best = pairwise.acquainted(*links[:2], *weights, one, other, MUTUAL_SHOWN)
    subjects = people.subjects
    for row in best.tolist():
        yield tuple(subjects[each] for each in row if each >= 0)


def reasons(
    people: People, scored: Scored, known: list[tuple[str, ...]], quiet: list[int]
) -> Iterator[tuple[Reason, ...]]:
    """What speaks for each pair, whichever way it is looked at; `quiet`: days without contact, or -1."""
    common, apart = scored.common, np.abs(_steps(people, scored.one, scored.other))
    columns = (
        common.contacts,
        common.cross_sector,
        apart,
        common.interests,
        common.profession,
        common.sector,
        common.place,
    )
    rows = zip(*(each.tolist() for each in columns), strict=True)
    for days, shown, row in zip(quiet, known, rows, strict=True):
        contacts, crosses, steps, interests, profession, sector, place = row
        found = []
        if days >= 0:
            found.append(_said("lost-touch", days))
        if contacts:
            found.append(Reason("mutual-contacts", contacts, shown))
        if crosses:
            found.append(_said("cross-sector"))
        if steps:
            found.append(_said("levels-apart", steps))
        if interests:
            found.append(_said("shared-interests", interests))
        if profession:
            found.append(_said("same-profession"))
        if sector:
            found.append(_said("same-sector"))
        if place:
            found.append(_said("same-place"))
        yield tuple(found)


def gives(
    people: People, scored: Scored, giver: Ints, taker: Ints, match: Match, *, mentor: bool
) -> Iterator[tuple[Reason, ...]]:
    """What every giver[k] can give taker[k], the most particular first; as their mentor if `mentor`."""
    offers, needs = people.offers.names, people.needs.names
    work = people.profession
    differ = (work[giver] >= 0) & (work[taker] >= 0) & (work[giver] != work[taker])
    columns = (
        match.offer,
        match.need,
        millionths(match.cosine),
        _steps(people, giver, taker),
        scored.common.cross_sector,
        differ,
    )
    for offer, need, alike, steps, crosses, another in zip(
        *(each.tolist() for each in columns), strict=True
    ):
        found = []
        if offer >= 0:
            found.append(Reason("offer-meets-need", alike, (offers[offer], needs[need])))
        if mentor:
            found.append(_said("mentoring"))
        if steps:
            found.append(_said("experience" if steps > 0 else "view-from-practice", abs(steps)))
        if crosses:
            found.append(_said("another-sector"))
        if another:
            found.append(_said("another-profession"))
        yield tuple(found)


def _steps(people: People, one: Ints, other: Ints) -> Ints:
    """By how many levels `one` is above `other`; 0 where one is unknown."""
    mine, theirs = people.level[one], people.level[other]
    return np.where((mine > 0) & (theirs > 0), mine - theirs, 0)
