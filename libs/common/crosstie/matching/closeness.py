"""Whose lists of the learned ranking a round looks at: those it serves, up to a bound."""

from __future__ import annotations

import numpy as np

from crosstie.matching import fairness
from crosstie.matching.arrays import millionths
from crosstie.matching.base import Base
from crosstie.matching.ledger import Ledger
from crosstie.matching.market import Market
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.ties.near import Near, near

MOST_LISTS = 1_000  # a list of 500 costs up to a millisecond
FEW_TIES = 20_000  # a look at all of them costs some 40 ms
MOST_TIES = 1_000_000  # of more, a look costs seconds for the lists of one member in a hundred


def nearest(prepared: Prepared, base: Base, market: Market, ledger: Ledger, policy: Policy) -> Near:
    """Whom the served with a free slot are near; of more than MOST_LISTS those longest without.

    Nobody where nothing was learned of ties, or nothing asks for it: neither the source `near`, nor
    the weight `closeness`, nor what was learned of answers, which has seen it. Nor, where there are
    more than FEW_TIES, in a round that does not serve everyone: the ranking asks of all ties, such a
    round only of those around whom it serves. Nor where there are more than MOST_TIES.
    """
    people, whole, ties = market.people, bool(market.served.all()), market.graph.links.nnz // 2
    few = ties <= FEW_TIES
    wanted = policy.candidates.near > 0 or policy.affinity.closeness != 0
    wanted = wanted or base.answers is not None
    if base.ties is None or not wanted or ties > (MOST_TIES if whole else FEW_TIES):
        return Near.nobody(len(people))
    free = market.introductions + market.mentees + market.mentors > 0
    rows = np.flatnonzero(free & market.served)
    if len(rows) > MOST_LISTS:
        lacking = millionths(fairness.deficit(people, ledger, market.at)[rows])
        rows = np.sort(rows[np.lexsort((market.order.rank[rows], -lacking))[:MOST_LISTS]])
    hub_ties = policy.candidates.hub_ties
    return near(prepared.outlook(people, keep=few), base.ties, rows, hub_ties)
