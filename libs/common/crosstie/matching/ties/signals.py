"""All signals of a pair, and what is believed of them before anything was learned."""

from __future__ import annotations

from collections.abc import Callable

from crosstie.matching.arrays import Floats
from crosstie.matching.ties import activity, direction, groups, lines, paths, walks
from crosstie.matching.ties.history import History
from crosstie.matching.ties.lists import Lists, Signals

Family = Callable[[History], Signals]
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


def signals(history: History) -> Signals:
    """All of them; what the network does not tell is left out.

    What concerns the whole network is computed here, once; the lists may then come in blocks.
    """
    families = [family(history) for family in FAMILIES]

    def of(lists: Lists) -> dict[str, Floats]:
        return {name: value for family in families for name, value in family(lists).items()}

    return of
