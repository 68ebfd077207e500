"""How likely a accepts b: log-odds that add up what speaks for and against, by the policy's weights.

Rules: what decides while there are no answers to learn from, and what is learned begins with
(see `answers`). Each direction of a pair on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching import leanings, pairwise
from crosstie.matching import policy as rules
from crosstie.matching.arrays import MILLION, Bools, Floats, Ints, millionths, sparse
from crosstie.matching.graph import Graph
from crosstie.matching.people import Items, People


@dataclass(frozen=True, slots=True)
class Match:
    """For every pair the best cosine of an offer of one with a need of the other, and which items.

    Nothing at all where they are not alike enough: a need is shown to whoever can meet it.
    """

    cosine: Floats
    offer: Ints  # -1: none
    need: Ints


class Shared(NamedTuple):
    """By pair, what both have in common, whichever way it is looked at; as kernels take it."""

    contacts: Ints
    interests: Ints
    sector: Bools
    profession: Bools
    place: Bools
    cross_sector: Bools  # both known, and different
    apart: Floats  # of sector, profession and level, those known of both: the share that differ
    new_contacts: Floats  # of whoever knows fewer people, the share whom the other does not know


def shared(people: People, graph: Graph, a: Ints, b: Ints) -> Shared:
    """What a[k] and b[k] have in common."""

    def same(code: Ints) -> Bools:
        alike: Bools = (code[a] == code[b]) & (code[a] >= 0)
        return alike

    sector = people.sector
    contacts = _common(graph.links, a, b)
    known = np.diff(graph.links.indptr)
    fewer = np.minimum(known[a], known[b])
    return Shared(
        contacts=contacts,
        interests=_common(people.interests, a, b),
        sector=same(sector),
        profession=same(people.profession),
        place=same(people.place),
        cross_sector=crosses(people, a, b),
        apart=_apart(people, a, b),
        new_contacts=np.where(fewer > 0, 1.0 - contacts / np.maximum(fewer, 1), 0.0),
    )


def _apart(people: People, a: Ints, b: Ints) -> Floats:
    """Nothing known of both is nothing apart."""
    known, differ = np.zeros(len(a)), np.zeros(len(a))
    for value, least in ((people.sector, 0), (people.profession, 0), (people.level, 1)):
        both = (value[a] >= least) & (value[b] >= least)
        known += both
        differ += both & (value[a] != value[b])
    return np.asarray(differ / np.maximum(known, 1))


def crosses(people: People, a: Ints, b: Ints) -> Bools:
    """Whether a[k] and b[k] are of two sectors, both known."""
    mine, theirs = people.sector[a], people.sector[b]
    return np.asarray((mine != theirs) & (mine >= 0) & (theirs >= 0))


def direction(people: People, a: Ints, b: Ints) -> Ints:
    """Bit of DIRECTIONS: where b stands as a sees them; across where a level is unknown."""
    bits: Ints = leanings.leads(people.level, a, b)
    return bits


def given(one: Ints, other: Ints, offers: Items, needs: Items, least: float) -> Match:
    """What one[k] offers that other[k] needs: the best by cosine, if that is `least` or more."""
    cosine, offer, need = _likest(one, other, offers, needs, least)
    return Match(cosine, offer, need)


def taken(one: Ints, other: Ints, offers: Items, needs: Items, least: float) -> Match:
    """What one[k] needs that other[k] offers, likewise."""
    cosine, need, offer = _likest(one, other, needs, offers, least)
    return Match(cosine, offer, need)


def _likest(
    one: Ints, other: Ints, mine: Items, theirs: Items, least: float
) -> tuple[Floats, Ints, Ints]:
    cosine, item, there = pairwise.likest(
        one,
        other,
        mine.first,
        *sparse(mine.vectors),
        theirs.first,
        *sparse(theirs.vectors),
        mine.vectors.shape[1],
    )
    alike = millionths(cosine) >= max(round(least * MILLION), 1)
    return np.where(alike, cosine, 0.0), np.where(alike, item, -1), np.where(alike, there, -1)


def wishes(people: People, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """1 where b[k] is towards where a[k] wishes, -1 where that is elsewhere: by level, by sector."""
    toward, sector = leanings.met(leanings.wishes_of(people), a, b)
    return toward, sector


def rule_odds(
    weights: rules.Affinity,
    people: People,
    a: Ints,
    b: Ints,
    common: Shared,
    *,
    for_a: Match,
    for_b: Match,
    busy: Floats,
    effort: Floats,
    closeness: Floats,
    mentoring: bool,
) -> Floats:
    """Log-odds that a[k] accepts b[k]. `effort`: share by which b made more of the contacts.

    `closeness` of the two: see `ties.near`.
    """
    odds: Floats = leanings.added(
        leanings.weights_of(weights),
        leanings.wishes_of(people),
        common,
        leanings.logs_of(common.contacts, common.interests),
        a,
        b,
        for_a.cosine,
        for_b.cosine,
        busy,
        effort,
        closeness,
        mentoring,
    )
    return odds


def _common(having: csr_array, a: Ints, b: Ints) -> Ints:
    """How many columns rows a[k] and b[k] of a 0/1 matrix share."""
    pointers, columns, _ = sparse(having)
    counts: Ints = pairwise.in_common(pointers, columns, having.shape[1], a, b)
    return counts
