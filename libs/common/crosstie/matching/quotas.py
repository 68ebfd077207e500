"""Shares of introductions that the policy asks for, over candidate pairs and what is live already."""

from __future__ import annotations

import numpy as np

from crosstie.matching import policy as rules
from crosstie.matching.affinity import crosses, direction
from crosstie.matching.blocks import in_blocks
from crosstie.matching.candidates import Pairs
from crosstie.matching.fairness import Quota
from crosstie.matching.ledger import Ledger
from crosstie.matching.people import DIRECTIONS, People
from crosstie.matching.tallies import ALL, CLIMBING, CROSSING, LEVEL


def quotas_of(people: People, pairs: Pairs, ledger: Ledger, shares: rules.Quotas) -> list[Quota]:
    """The quotas of `shares` over `pairs`, counting the introductions that are live already."""
    standing = ledger.tallies.standing.tolist()
    level, crossing = (np.empty(len(pairs), dtype=np.bool_) for _ in range(2))

    def look(part: slice) -> None:
        a, b = pairs.a[part], pairs.b[part]
        level[part] = direction(people, a, b) == DIRECTIONS["across"]
        crossing[part] = crosses(people, a, b)

    in_blocks(look, len(pairs))
    return [
        Quota(name, share, mask, standing[which], standing[ALL])
        for name, share, mask, which in (
            ("cross-sector", shares.cross_sector, crossing, CROSSING),
            ("across-levels", shares.across_levels, ~level, CLIMBING),
            ("same-level", shares.same_level, level, LEVEL),
        )
    ]
