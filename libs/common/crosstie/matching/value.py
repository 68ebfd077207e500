"""What a pair is worth: mutual acceptance x (bridging + sectors + what they give + fairness - load).

Bridging gain is highest at moderate overlap: too many mutual contacts bring nothing new, none at
all no trust (Rajkumar et al., A causal test of the strength of weak ties, Science 377, 2022). Who
spans a structural hole reaches people whom their own contacts do not know (Burt, Structural Holes,
1992). A different view is worth hearing from somebody with whom something is shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching import policy as rules
from crosstie.matching.affinity import Match, Shared
from crosstie.matching.arrays import MILLION, Floats, Ints, millionths


@dataclass(frozen=True, slots=True)
class Worth:
    """All in millionths; `total` is what assignment maximises, and follows from the others exactly.

    total = mutual x (sum of weight x part, `load` subtracted), each step rounded down: whoever reads
    the record of a round and its policy finds what every part contributed, to the last millionth.
    """

    total: Ints
    mutual: Ints
    bridging: Ints
    structural_hole: Ints
    contrast: Ints
    cross_sector: Ints  # all or nothing
    complement: Ints
    deficit: Ints
    generosity: Ints
    load: Ints
    mentor: Ints  # what makes one a good mentor to the other; 0 outside mentoring


def bridging(contacts: Ints, best: float, floor: float) -> Floats:
    """1 at `best` mutual contacts, falling to both sides, `floor` of it at none."""
    ratio = contacts / best
    return np.asarray(floor + (1.0 - floor) * ratio * np.exp(1.0 - ratio))


def worth(
    weights: rules.Value,
    common: Shared,
    p_ab: Floats,
    p_ba: Floats,
    p_meet: Floats,
    *,
    gives: tuple[Match, Match],
    deficit: Floats,
    generosity: Floats,
    load: Floats,
    mentor: Floats,
) -> Worth:
    """Worth of every pair; `deficit`, `generosity` and `load` are means over the two, `mentor` a gain."""
    mutual = millionths(p_ab * p_ba * p_meet)
    bridge = bridging(common.contacts, weights.best_overlap, weights.bridging_floor)
    complement = np.maximum(gives[0].cosine, gives[1].cosine)
    sharing = (common.contacts > 0) | (common.interests > 0) | (complement > 0)
    parts = {
        "bridging": millionths(bridge),
        "structural_hole": millionths(common.new_contacts),
        "contrast": millionths(np.where(sharing, common.apart, 0.0)),
        "cross_sector": np.where(common.cross_sector, MILLION, 0),
        "complement": millionths(complement),
        "deficit": millionths(deficit),
        "generosity": millionths(generosity),
        "load": millionths(load),
        "mentor": millionths(mentor),
    }
    gain = sum(weight * parts[name] for name, weight in weighed(weights).items()) // MILLION
    return Worth(total=np.maximum(mutual * gain // MILLION, 0), mutual=mutual, **parts)


def weighed(weights: rules.Value) -> dict[str, int]:
    """By part of worth its weight in millionths, below 0 where it is subtracted."""
    named = (
        "bridging", "structural_hole", "contrast", "cross_sector", "complement", "deficit",
        "generosity",
    )  # fmt: skip
    adding = {name: round(getattr(weights, name) * MILLION) for name in named}
    return adding | {"load": -round(weights.load * MILLION), "mentor": MILLION}
