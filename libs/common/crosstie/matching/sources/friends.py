"""Friends of friends: who shares most contacts, each worth the less the more people they know.

Adamic and Adar, Friends and neighbors on the Web, Social Networks 25 (2003).
"""

from __future__ import annotations

import numpy as np

from crosstie.matching.graph import onward
from crosstie.matching.sources.search import Found, Search, among, foremost, reached


def find(search: Search, quota: int, hub_ties: int) -> Found:
    """Of a contact with more than `hub_ties` ties only the strongest of these are followed."""
    weights = search.graph.weights_of(search.rows)
    near = np.flatnonzero(reached(weights, search.rows))  # whose ties are followed
    second = among(onward(search.graph.weights_of(near), hub_ties), search.looked_among)
    return foremost(search, (search.rows, search.rows), weights, second, quota)
