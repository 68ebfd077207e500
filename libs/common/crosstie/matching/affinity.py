"""How likely a accepts b: log-odds that add up what speaks for and against, by the policy's weights.

Rules: what decides while there are no answers to learn from, and what is learned begins with
(see `answers`). Each direction of a pair on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching import pairwise
from crosstie.matching import policy as rules
from crosstie.matching.arrays import MILLION, Bools, Floats, Ints, contains, millionths, sparse
from crosstie.matching.graph import Graph
from crosstie.matching.people import DIRECTIONS, Items, People


@dataclass(frozen=True, slots=True)
class Match:
    """For every pair the best cosine of an offer of one with a need of the other, and which items.

    Nothing at all where they are not alike enough: a need is shown to whoever can meet it.
    """

    cosine: Floats
    offer: Ints  # -1: none
    need: Ints


@dataclass(frozen=True, slots=True)
class Shared:
    """What a pair has in common, whichever way it is looked at."""

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
    mine, theirs = people.level[a], people.level[b]
    known = (mine > 0) & (theirs > 0)
    upward = np.where(known & (theirs > mine), DIRECTIONS["up"], DIRECTIONS["across"])
    return np.where(known & (theirs < mine), DIRECTIONS["down"], upward).astype(np.int64)


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
    bit = direction(people, a, b)
    wished = people.wished_directions[a]
    toward = np.where(wished == 0, 0, np.where(wished & bit, 1, -1))
    wants = contains(people.wished_sectors, a * people.sectors + people.sector[b]) & (
        people.sector[b] >= 0
    )
    return toward, np.where(people.wishes_sectors[a], np.where(wants, 1, -1), 0)


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
    bit = direction(people, a, b)
    toward, sector = wishes(people, a, b)
    known = (people.level[a] > 0) & (people.level[b] > 0)
    steps = np.where(known, np.abs(people.level[a] - people.level[b]), 0)
    return np.asarray(
        weights.start
        + weights.wished_direction * toward
        + weights.wished_sector * sector
        + weights.level_step * steps
        + weights.upward * (bit == DIRECTIONS["up"])
        + weights.mutual_contacts * np.log1p(common.contacts)
        + weights.shared_interests * np.log1p(common.interests)
        + weights.offer_meets_need * for_a.cosine
        + weights.need_met_by_offer * for_b.cosine
        + weights.same_profession * common.profession
        + weights.same_sector * common.sector
        + weights.same_place * common.place
        + weights.busy * busy[a]
        + weights.one_sided * np.maximum(effort, 0.0)
        + weights.mentoring * mentoring
        + weights.closeness * closeness
    )


def _common(having: csr_array, a: Ints, b: Ints) -> Ints:
    """How many columns rows a[k] and b[k] of a 0/1 matrix share."""
    pointers, columns, _ = sparse(having)
    counts: Ints = pairwise.in_common(pointers, columns, having.shape[1], a, b)
    return counts
