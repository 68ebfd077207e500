"""All signals of a pair, and what is believed of them before anything was learned."""

from __future__ import annotations

from collections.abc import Callable

from crosstie.matching.arrays import Floats
from crosstie.matching.ties import activity, direction, groups, lines, paths, walks
from crosstie.matching.ties.history import History
from crosstie.matching.ties.lists import Lists

Family = Callable[[History, Lists], dict[str, Floats]]
FAMILIES: tuple[Family, ...] = (
    paths.signals,
    walks.signals,
    groups.signals,
    activity.signals,
    direction.signals,
    lines.signals,
)
LIKELY = frozenset(  # speak for a tie in any network: what ranks where there is no past
    (
        "adamic-adar",
        "resource-allocation",
        "cosine",
        "jaccard",
        "weighted-cosine",
        "walk-2",
        "weighted-allocation",
        "pagerank-both-ways",
        "sector-toward-ties",
        "sector-from-ties",
        "sector-mutual-ties",
    )
)
LASTING = frozenset(  # hold in all seasons of a network, so they may weigh more
    (
        "adamic-adar",
        "resource-allocation",
        "cosine",
        "jaccard",
        "common",
        "walk-2",
        "alike",
        "through-own-sector",
        "through-their-sector",
        "turn-to-both",
        "turn-to-both-rare",
        "sector-excess-ties",
        "sector-toward-ties",
        "sector-from-ties",
        "sector-mutual-ties",
        "level-excess-ties",
        "other-excess-ties",
    )
)


def signals(history: History, lists: Lists) -> dict[str, Floats]:
    """By name, one number per pair of `lists`; what the network does not tell is left out."""
    return {name: value for family in FAMILIES for name, value in family(history, lists).items()}
