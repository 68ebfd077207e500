"""What affinity looks at, of `by` about `about`: a named, versioned list, in whole thousandths.

It is logged with every suggestion when that is made, and learned from as it was logged, so that
what a model is taught is what it will see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crosstie.matching.arrays import Floats

VERSION = 1
UNIT = 1000
MOST = 30_000  # either way

NAMES = (
    "rules",  # log-odds by the policy's weights: first, models begin with it
    "wished_direction",  # 1 wished, -1 wished otherwise
    "wished_sector",
    "up",  # `about` is more senior
    "down",
    "level_steps",
    "mutual_contacts",  # natural log of 1 + count
    "interests",  # natural log of 1 + count
    "offer_meets_need",  # of `about`, of `by`; cosine
    "need_met_by_offer",
    "same_profession",
    "same_sector",
    "same_place",
    "cross_sector",
    "closeness",  # how likely they would come to know each other anyway
    "busy",  # share of the weekly rate of `by` that is open
    "effort",  # share by which `about` made more of their contacts
    "known",  # they met: a reconnection
    "mentor",  # `by` would be the mentor
    "mentee",
    "gifts",  # how many things `about` can give
    "own_level",
    "their_level",
    "own_ties",  # natural log of 1 + count
    "their_ties",
    "own_generosity",
    "their_generosity",
    "own_demand",  # suggestions lately, one half at the mean
    "their_demand",
    "sectors",  # from sector to sector, log-odds beyond the rest
    "own_rate",  # these: see answers.rates
    "own_answers",
    "own_rate_sector",
    "own_rate_profession",
    "own_rate_toward",
    "their_rate",
    "their_answers",
    "their_rate_sector",
    "their_rate_toward",
    "said_before",
    "heard_before",
)

Seen = NDArray[np.int32]  # a row per ordered pair, a column per name


def table(columns: Mapping[str, Floats], size: int) -> Seen:
    """The named columns in their order; what is not told is 0."""
    seen = np.zeros((size, len(NAMES)), dtype=np.int32)
    for place, name in enumerate(NAMES):
        if name in columns:
            seen[:, place] = np.rint(np.clip(columns[name] * UNIT, -MOST, MOST))
    return seen


def logged(row: Sequence[int]) -> tuple[int, ...]:
    """A row as a suggestion keeps it, after the version of the list."""
    return (VERSION, *row)
