"""Friends of friends: who shares most contacts, each worth the less the more people they know.

Adamic and Adar, Friends and neighbors on the Web, Social Networks 25 (2003).
"""

from __future__ import annotations

from crosstie.matching.graph import onward
from crosstie.matching.sources.search import Found, Search, among, foremost


def find(search: Search, quota: int, hub_ties: int) -> Found:
    """Of a contact with more than `hub_ties` ties only the strongest of these are followed."""
    weights = search.graph.weights
    second = among(onward(weights, hub_ties), search.looked_among)
    return foremost(search, (search.rows, search.rows), weights, second, quota)
