"""Shares of introductions that the policy asks for, over candidate pairs and what is live already."""

from __future__ import annotations

from crosstie.matching import policy as rules
from crosstie.matching.affinity import crosses, direction
from crosstie.matching.candidates import Pairs
from crosstie.matching.fairness import Quota
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Suggestion
from crosstie.matching.people import DIRECTIONS, People


def quotas_of(people: People, pairs: Pairs, ledger: Ledger, shares: rules.Quotas) -> list[Quota]:
    """The quotas of `shares` over `pairs`, counting the introductions that are live already."""
    live = [each for each in ledger.live.values() if each.kind != "mentoring"]
    level = direction(people, pairs.a, pairs.b) == DIRECTIONS["across"]
    return [
        Quota(name, share, mask, sum(map(counts, live)), len(live))
        for name, share, mask, counts in (
            ("cross-sector", shares.cross_sector, crosses(people, pairs.a, pairs.b), _crosses),
            ("across-levels", shares.across_levels, ~level, _climbs),
            ("same-level", shares.same_level, level, _stays),
        )
    ]


def _crosses(suggestion: Suggestion) -> bool:
    return suggestion.cross_sector


def _climbs(suggestion: Suggestion) -> bool:
    return suggestion.directions[0] != "across"


def _stays(suggestion: Suggestion) -> bool:
    return suggestion.directions[0] == "across"
