"""Who may be suggested to whom in this round: free slots, whom to serve, and pairs ruled out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from crosstie.matching import pacing
from crosstie.matching.arrays import Bools, Draws, Ints, draws, keys_of, ranks
from crosstie.matching.candidates import Search
from crosstie.matching.graph import Graph, symmetric
from crosstie.matching.ledger import WEEK_US, Ledger, Pair
from crosstie.matching.mentoring import Roles
from crosstie.matching.people import People
from crosstie.matching.policy import Policy
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network


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
    never: Ints  # blocked, line managers, live suggestions, cool-down
    met: Ints  # who met, by their contacts or by what they answered; ascending
    order: Draws

    def search(self, slots: Bools, *, never: Ints) -> Search:
        """A search for the served among those with `slots`, which finds no pair of `never`."""
        rows, columns = np.flatnonzero(slots & self.served), np.flatnonzero(slots)
        size = max(len(self.people), 1)
        ruled_out = symmetric(never // size, never % size, np.ones(len(never)), len(self.people))
        return Search(
            self.people, self.graph, rows, columns, ruled_out, self.order, ranks(self.order)
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
    ruled_out = [
        *ledger.live_pairs,
        *_cooling(ledger, at - policy.cool_down_days * DAY_US),
    ]
    reports = np.flatnonzero(people.manager >= 0)
    reporting = keys_of(reports, people.manager[reports], size)
    return Market(
        at=at,
        people=people,
        graph=graph,
        introductions=introductions,
        mentees=mentees,
        mentors=mentors,
        mentees_held=mentees_held,
        served=served,
        never=np.concatenate([_keys(ruled_out, people), reporting, graph.blocked]),
        met=np.sort(
            np.concatenate(
                [graph.a * size + graph.b, _keys(_said_to_have_met(network, ledger), people)]
            ),
            kind="stable",
        ),
        order=draws(seed, "order", people.subjects),
    )


def _slots(
    people: People, ledger: Ledger, policy: Policy, at: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Free introductions, mentees and mentors by member, as `pacing.slots`, and mentees held."""
    held = np.zeros((3, len(people)), dtype=np.int64)  # in the order of pacing.SLOTS
    for subject, live in ledger.by_member.items():
        if (i := people.index.get(subject)) is not None:
            for suggestion in live:
                slot = pacing.used(suggestion, subject)
                if slot is not None:
                    held[pacing.SLOTS.index(slot), i] += 1
    since = at - WEEK_US
    made, mentored = (_counted(people, each, since) for each in (ledger.made, ledger.mentorings))
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


def _counted(people: People, made: Mapping[str, tuple[int, ...]], since: int) -> Ints:
    """How many of each member's are later than `since`."""
    counts = np.zeros(len(people), dtype=np.int64)
    for subject, times in made.items():
        if times[-1] > since and (i := people.index.get(subject)) is not None:
            counts[i] = sum(1 for each in times if each > since)
    return counts


def _said_to_have_met(network: Network, ledger: Ledger) -> Iterator[Pair]:
    """An answer may tell of a meeting that no contact shows, and after the suggestion's end."""
    yield from ledger.met
    for tie in network.replied:
        for reply in tie.replies:
            known = ledger.settled.get(reply.suggestion)
            ours = known is not None and {*known.members} == {tie.a, tie.b}
            if ours and reply.answer in {"met", "useful"}:
                yield tie.a, tie.b


def _cooling(ledger: Ledger, since: int) -> Iterator[Pair]:
    for pair in reversed(ledger.pairs):  # the latest first
        if ledger.pairs[pair] <= since:
            return
        yield pair


def _keys(pairs: Iterable[Pair], people: People) -> Ints:
    index = people.index
    known = [(index[a], index[b]) for a, b in pairs if a in index and b in index]
    ends = np.array(known, dtype=np.int64).reshape(-1, 2)
    return keys_of(ends[:, 0], ends[:, 1], len(people))
