"""Names of the signals that are compiled, in the order of their columns."""

from __future__ import annotations

from itertools import product

GROUPED = ("sector", "level", "profession", "role", "organisation", "place")
KINDS = ("ties", "contacts")
_ODDS = ("density", "excess", "toward", "from")
_RECENT = ("new", "new-rate", "alive", "new-then-any", "any-then-new", "alive-paths")

TIMED = ("latest", *(f"{name}-{share}" for share, name in product((0.1, 0.3), _RECENT)))
COMPILED: tuple[str, ...] = (
    "common", "adamic-adar", "resource-allocation", "cosine", "jaccard", "hub-promoted",
    "common-of-theirs", "alike", "through-own-sector", "through-their-sector",
    "pagerank-0.15", "pagerank-0.5", "pagerank-0.8", "strength", "pagerank-both-ways",
    "pagerank-rare", "walk-2", "walk-3", "weighted-cosine", "weighted-allocation",
    "ties", "ties-log", "across-log", "across-share", *TIMED,
    "turn-to-both", "turn-to-both-rare", "both-turn-to", "both-turn-to-rare", "onward", "backward",
    "receives", "starts",
    "line-near", "line-direct", "line-peers", "line-manager-knows", "line-knows-manager",
    "line-reports-know", "line-reports",
    *(f"{slot}-{odds}-{kind}"
      for slot, kind, odds in product(("sector", "level", "other"), KINDS, _ODDS)),
    *(f"sector-mutual-{kind}" for kind in KINDS),
    "sector-same", "level", "level-near",
)  # fmt: skip
