"""How much of what a round would choose among all pairs its sources of candidates bring.

The same round is chosen twice by the production code: from the candidates that the sources found,
and from every pair that is not ruled out. Only for small networks: every pair is scored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec import Struct

from crosstie.matching import candidates, choosing
from crosstie.matching.arrays import Ints, keys_of, sparse
from crosstie.matching.base import Base
from crosstie.matching.candidates import SOURCES, Pairs, Search
from crosstie.matching.choosing import Choice
from crosstie.matching.closeness import nearest
from crosstie.matching.graph import led
from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.market import Market, market
from crosstie.matching.people import columns
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.scoring import Scorer, scorer
from crosstie.network.view import Network

MOST_MEMBERS = 5_000


class Recalled(Struct, frozen=True):
    """Of one round's introductions; shares are of those chosen among all pairs."""

    members: int
    pairs: int  # that might be candidates
    candidates: int
    chosen: int
    recall: float  # share that the sources brought
    worth: float  # of what is chosen among candidates, over that of what is chosen among all
    by_source: dict[str, tuple[int, float, float]]  # pairs, share it brought, share without it


@dataclass(frozen=True, slots=True)
class _Round:
    market: Market
    scorer: Scorer
    ledger: Ledger
    policy: Policy

    def chosen(self, find: choosing.Finder) -> tuple[Pairs, Ints, int]:
        """The pairs that `find` and reconnections bring, keys of those chosen, and their worth."""
        seen: list[Pairs] = []

        def watched(search: Search, policy: Policy, scorer: Scorer) -> Pairs:
            seen.append(find(search, policy, scorer))
            return seen[-1]

        nothing = np.empty(0, dtype=np.int64)
        no_sources = nothing.astype(np.int32)
        taken = Choice("mentoring", nothing, nothing, no_sources, nothing, nothing > 0)
        made: Iterator[Choice] = choosing.introductions(
            self.market, self.scorer, self.ledger, self.policy, taken, Counter(), watched
        )
        fresh = next(each for each in made if each.kind == "introduction")
        size = len(self.market.people)
        keys = keys_of(fresh.one[fresh.chosen], fresh.other[fresh.chosen], size)
        return seen[0], keys, int(fresh.worth[fresh.chosen].sum())


def recalled(
    network: Network, base: Base, policy: Policy, *, at: int, seed: int = 1, ledger: Ledger = EMPTY
) -> Recalled:
    """The candidate recall of a full round at `at`; nothing is explored, so that it can be compared."""
    if len(network.members) > MOST_MEMBERS:
        raise ValueError(f"{len(network.members)} members, must be at most {MOST_MEMBERS}")
    prepared = Prepared.of(network)
    people = columns(network, base, prepared.profiles)
    ties = led(*prepared.contacts.between(people.index), people.eligible, at)
    trade = market(network, ledger, policy, people, ties, at=at, seed=seed, serve=None)
    steady = msgspec.structs.replace(policy, exploration=0.0)
    close = nearest(prepared, base, trade, ledger, policy)
    score = scorer(people, ties, ledger, policy, at, base.answers, close)
    each = _Round(trade, score, ledger, steady)
    brought, _, ours = each.chosen(candidates.introductions)
    every, best, theirs = each.chosen(every_pair)
    found = keys_of(brought.a, brought.b, len(people))
    return Recalled(
        members=len(people),
        pairs=len(every),
        candidates=len(brought),
        chosen=len(best),
        recall=_share(best, found),
        worth=round(ours / theirs, 4) if theirs else 1.0,
        by_source={
            name: (
                int(np.count_nonzero(brought.sources & bit)),
                _share(best, found[(brought.sources & bit) > 0]),
                _share(best, found[(brought.sources & ~bit) > 0]),
            )
            for name, bit in SOURCES.items()
            if (brought.sources & bit).any()
        },
    )


def every_pair(search: Search, policy: Policy, scorer: Scorer) -> Pairs:
    """All pairs of people with a free slot that are not ruled out."""
    del policy, scorer
    free, size = search.columns, len(search.people)
    one, other = np.triu_indices(len(free), 1)
    a, b = free[one], free[other]
    pointer, others, _ = sparse(search.ruled_out)
    barred = keys_of(np.repeat(np.arange(size), np.diff(pointer)), others.astype(np.int64), size)
    kept = ~np.isin(a * size + b, barred)
    return Pairs(a[kept], b[kept], np.zeros(np.count_nonzero(kept), dtype=np.int64))


def _share(wanted: Ints, found: Ints) -> float:
    return round(float(np.isin(wanted, found).mean()), 4) if len(wanted) else 1.0
