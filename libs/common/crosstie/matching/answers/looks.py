"""What one side of a pair sees of the other, as named columns; see `features` for what they mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching.affinity import Match, Shared, direction, wishes
from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.people import DIRECTIONS, People


@dataclass(frozen=True, slots=True)
class Standing:
    """Per member, as of the round."""

    ties: Ints
    busy: Floats
    generosity: Floats
    demand: Floats


@dataclass(frozen=True, slots=True)
class Between:
    """Per pair, as `by` sees it."""

    common: Shared
    for_by: Match
    for_about: Match
    effort: Floats  # share by which `about` made more of the contacts
    known: Bools  # they met
    mentors: int  # 1: `by` would be the mentor, -1: the mentee, 0: neither


def looks(
    people: People, standing: Standing, by: Ints, about: Ints, pair: Between
) -> dict[str, Floats]:
    """All that is neither a rate nor the rules' own odds."""
    bit = direction(people, by, about)
    toward, sector = wishes(people, by, about)
    mine, theirs = people.level[by], people.level[about]
    apart = (mine > 0) & (theirs > 0) & (mine != theirs)
    job = people.profession
    other_job = (job[by] != job[about]) & (job[by] >= 0) & (job[about] >= 0)
    common = pair.common
    gifts = (
        (pair.for_by.offer >= 0).astype(np.int64)
        + apart
        + common.cross_sector
        + other_job
        + (pair.mentors < 0)
    )
    named = {
        "wished_direction": toward,
        "wished_sector": sector,
        "up": bit == DIRECTIONS["up"],
        "down": bit == DIRECTIONS["down"],
        "level_steps": np.where(apart, np.abs(mine - theirs), 0),
        "mutual_contacts": np.log1p(common.contacts),
        "interests": np.log1p(common.interests),
        "offer_meets_need": pair.for_by.cosine,
        "need_met_by_offer": pair.for_about.cosine,
        "same_profession": common.profession,
        "same_sector": common.sector,
        "same_place": common.place,
        "cross_sector": common.cross_sector,
        "busy": standing.busy[by],
        "effort": pair.effort,
        "known": pair.known,
        "mentor": np.full(len(by), pair.mentors > 0),
        "mentee": np.full(len(by), pair.mentors < 0),
        "gifts": gifts,
        "own_level": mine,
        "their_level": theirs,
        "own_ties": np.log1p(standing.ties[by]),
        "their_ties": np.log1p(standing.ties[about]),
        "own_generosity": standing.generosity[by],
        "their_generosity": standing.generosity[about],
        "own_demand": standing.demand[by],
        "their_demand": standing.demand[about],
    }
    return {name: values.astype(np.float64) for name, values in named.items()}
