"""Who may be suggested to whom in this round: free slots, whom to serve, and pairs ruled out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from crosstie.matching.arrays import Bools, Ints, keys_of
from crosstie.matching.candidates import Search, ruled_out
from crosstie.matching.drawing import Order, ordered
from crosstie.matching.graph import Graph, spread
from crosstie.matching.ledger import WEEK_US, Ledger, Pair, pair_of
from crosstie.matching.mentoring import Roles
from crosstie.matching.people import People
from crosstie.matching.policy import Policy
from crosstie.matching.tallies import INTRODUCTIONS, MENTEES, MENTORS
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network
from crosstie.pairing import pairs_with


@dataclass(frozen=True, slots=True)
class Market:
    """Free slots by member index, 0 for whoever is not eligible; `never` and `met` are pair keys."""

    at: int
    people: People
    graph: Graph
    introductions: Ints
    mentees: Ints
    mentors: Ints
    mentees_held: Ints
    served: Bools
    # the pairs that the served are in:
    never: Ints  # blocked, line managers, live suggestions, cool-down
    met: Ints  # who met, by their contacts or by what they answered; ascending
    order: Order

    def search(self, slots: Bools, *, never: Ints) -> Search:
        """A search for the served among those with `slots`, which finds no pair of `never`."""
        ring = self.order.ring
        return Search(
            self.people,
            self.graph,
            rows=np.flatnonzero(slots & self.served),
            columns=np.flatnonzero(slots),
            drawn=ring[slots[ring]],
            ruled_out=ruled_out(never, len(self.people)),
            order=self.order.draw,
            rank=self.order.rank,
        )

    def roles(self, policy: Policy) -> Roles:
        """Who offers and who wants mentoring now."""
        gaps = (policy.mentoring.level_gap, policy.mentoring.widest_gap)
        return Roles.of(self.people, self.mentees, self.mentors, gaps)


def market(
    network: Network,
    ledger: Ledger,
    policy: Policy,
    people: People,
    graph: Graph,
    *,
    at: int,
    seed: int,
    serve: frozenset[str] | None,
) -> Market:
    """The market of a round at `at`."""
    index, size = people.index, len(people)
    introductions, mentees, mentors, mentees_held = _slots(people, ledger, policy, at)
    served = np.full(size, serve is None)
    served[[index[subject] for subject in serve or () if subject in index]] = True
    reports = np.flatnonzero(people.manager >= 0)
    if serve is not None:
        reports = reports[served[reports] | served[people.manager[reports]]]
    return Market(
        at=at,
        people=people,
        graph=graph,
        introductions=introductions,
        mentees=mentees,
        mentors=mentors,
        mentees_held=mentees_held,
        served=served,
        never=_asked(
            served,
            cooling(people, ledger, at - policy.cool_down_days * DAY_US),
            _keys(_live(ledger, serve), people),
            keys_of(reports, people.manager[reports], size),
            graph.blocked,
        ),
        met=np.sort(
            np.concatenate(
                [
                    _met(graph, np.flatnonzero(served)),
                    _asked(served, _keys(_said_to_have_met(network, ledger, serve), people)),
                ]
            ),
            kind="stable",
        ),
        order=ordered(seed, people.subjects),
    )


def _slots(
    people: People, ledger: Ledger, policy: Policy, at: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Free introductions, mentees and mentors by member, as `pacing.slots`, and mentees held."""
    tallies, since = ledger.tallies, at - WEEK_US
    held = [tallies.holding(slot, people.index) for slot in (INTRODUCTIONS, MENTEES, MENTORS)]
    made, mentored = (
        tallies.counted(each, since, people.index) for each in (tallies.made, tallies.mentorings)
    )
    ready = people.eligible & people.available
    used = (np.maximum(held[0], made), held[1], held[2])
    offered = (people.weekly, people.mentees, people.mentors)
    introductions, mentees, mentors = (
        np.where(ready, np.maximum(most - taken, 0), 0)
        for most, taken in zip(offered, used, strict=True)
    )
    left = np.maximum(policy.mentoring.most_a_week - mentored, 0)
    mentors = np.minimum(mentors, left)
    return introductions, np.minimum(mentees, left - mentors), mentors, held[1]


def _asked(served: Bools, *keys: Ints) -> Ints:
    """Those of `keys` that the served are in: nobody looks at others."""
    every = np.concatenate(keys)
    if served.all():
        return every
    one, other = np.divmod(every, max(len(served), 1))
    return every[served[one] | served[other]]


def _met(graph: Graph, rows: Ints) -> Ints:
    """Keys of pairs of `rows` and whom they met: of those who may be suggested, no others matter."""
    where, _ = spread(graph.links.indptr, rows)
    size = graph.links.shape[0]
    mine = np.repeat(rows, np.diff(graph.links.indptr)[rows])
    theirs = graph.links.indices[where].astype(np.int64)
    if len(rows) < size:
        return np.unique(keys_of(mine, theirs, size))
    first = mine < theirs  # entries ascend: each pair comes once, in order
    return mine[first] * size + theirs[first]


def _live(ledger: Ledger, serve: frozenset[str] | None) -> Iterable[Pair]:
    """Pairs that have a live suggestion, at least those of whom to serve."""
    if serve is None:
        return ledger.live_pairs
    theirs = ledger.by_member
    return (pair_of(each) for subject in serve for each in theirs.get(subject, ()))


def _said_to_have_met(
    network: Network, ledger: Ledger, serve: frozenset[str] | None
) -> Iterator[Pair]:
    """An answer may tell of a meeting that no contact shows, and after the suggestion's end."""
    yield from ledger.met if serve is None else pairs_with(ledger.acquainted, serve)
    for pair in network.answers if serve is None else {*pairs_with(network.answering, serve)}:
        tie = network.answers[pair]
        for reply in tie.replies:
            known = ledger.settled.get(reply.suggestion)
            ours = known is not None and {*known.members} == {*pair}
            if ours and reply.answer in {"met", "useful"}:
                yield pair


def cooling(people: People, ledger: Ledger, since: int) -> Ints:
    """Keys of pairs between whom something changed later than `since`."""
    tallies = ledger.tallies
    ends = tallies.places(people.index)[tallies.pairs.between(since)].reshape(-1, 2)
    known = ends[(ends >= 0).all(axis=1)]
    return keys_of(known[:, 0], known[:, 1], len(people))


def _keys(pairs: Iterable[Pair], people: People) -> Ints:
    index = people.index
    known = [(index[a], index[b]) for a, b in pairs if a in index and b in index]
    ends = np.array(known, dtype=np.int64).reshape(-1, 2)
    return keys_of(ends[:, 0], ends[:, 1], len(people))
