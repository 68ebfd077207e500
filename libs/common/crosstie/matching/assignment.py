"""Who is suggested to whom, all at once: the most worth that everyone's free slots allow.

Mentoring is bipartite: integer min-cost flow finds the optimum. Introductions are a b-matching in
a general graph: flow on its double cover gives the optimum of the relaxation, half-integral and so
a certified bound; halves are rounded along trails, then improved by swaps.
"""

from __future__ import annotations

import numpy as np

from crosstie.matching import repairs
from crosstie.matching.arrays import Bools, Ints
from crosstie.matching.flows import TYPES, Problem, Solver, solved
from crosstie.matching.rounding import rounded

MOST_PASSES = 8  # of swaps
MOST_STARTS = 100  # of alternating paths
DEPTH = 6  # pairs added on one path
WIDTH = 32  # paths followed at once
BRANCHES = 12  # pairs tried from where a path stands, the best first


def mentors(
    mentor: Ints,
    mentee: Ints,
    worth: Ints,
    *,
    offered: Ints,
    wanted: Ints,
    taken: Ints,
    slot_step: int,
    solve: Solver = solved,
) -> Bools:
    """The best pairs: at most offered[m] per mentor and wanted[m] per mentee, by member index.

    A mentor's next mentee costs `slot_step` more than the one before, counting those `taken`.
    """
    flow, _ = _flow(mentee, mentor, worth, wanted, offered, taken, slot_step, solve)
    return flow


def introductions(
    a: Ints, b: Ints, worth: Ints, slots: Ints, solve: Solver = solved
) -> tuple[Bools, int]:
    """Pairs that fit in everyone's `slots`, and an upper bound of any such choice's worth."""
    fit, those = _worthy(a, b, worth, slots)
    chosen, bound = _matched(*those, solve)
    return _spread(chosen, fit, len(a)), bound


def foreseen(a: Ints, b: Ints, worth: Ints, slots: Ints) -> Bools:
    """About what `introductions` chooses, a tenth of the work: the best pairs first, then exchanges."""
    fit, those = _worthy(a, b, worth, slots)
    chosen = np.zeros(len(fit), dtype=np.bool_)
    _improve(chosen, *those)
    return _spread(chosen, fit, len(a))


def _worthy(
    a: Ints, b: Ints, worth: Ints, slots: Ints
) -> tuple[Ints, tuple[Ints, Ints, Ints, Ints]]:
    """Which pairs are worth something, and these with their members numbered anew."""
    fit = np.flatnonzero(worth > 0)
    members = np.zeros(len(slots), dtype=np.bool_)  # who has pairs: nothing is kept of others
    members[a[fit]] = members[b[fit]] = True
    number = np.cumsum(members) - 1
    return fit, (number[a[fit]], number[b[fit]], worth[fit], slots[members])


def _spread(chosen: Bools, fit: Ints, size: int) -> Bools:
    every = np.zeros(size, dtype=np.bool_)
    every[fit] = chosen
    return every


def _matched(a: Ints, b: Ints, worth: Ints, slots: Ints, solve: Solver) -> tuple[Bools, int]:
    """The best of pairs that are all worth something, and the bound."""
    if len(a) == 0:
        return np.zeros(0, dtype=np.bool_), 0
    left, right = np.concatenate([a, b]), np.concatenate([b, a])
    flow, double = _flow(
        left, right, np.concatenate([worth, worth]), slots, slots, np.zeros_like(slots), 0, solve
    )
    sides = flow[: len(a)].astype(np.int64) + flow[len(a) :]
    chosen = sides == 2
    for pair in rounded(np.flatnonzero(sides == 1), a, b, worth):
        chosen[pair] = True
    _improve(chosen, a, b, worth, slots)
    promised = _ends(a, b, sides, len(slots)) // 2
    lost = promised > _ends(a, b, chosen.astype(np.int64), len(slots))
    _alternate(np.flatnonzero(lost)[:MOST_STARTS], chosen, a, b, worth, slots)
    return chosen, double // 2


def _ends(a: Ints, b: Ints, counts: Ints, size: int) -> Ints:
    """Per member, the sum of `counts` over their pairs."""
    total = np.bincount(a, weights=counts, minlength=size)
    total += np.bincount(b, weights=counts, minlength=size)
    return total.astype(np.int64)  # whole numbers far below 2^53: exact


def _flow(
    left: Ints,
    right: Ints,
    worth: Ints,
    slots_left: Ints,
    slots_right: Ints,
    taken: Ints,
    step: int,
    solve: Solver,
) -> tuple[Bools, int]:
    """Max-worth choice of pairs (left, right) within both sides' slots, and its worth."""
    fits = np.flatnonzero((worth > 0) & (slots_left[left] > 0) & (slots_right[right] > 0))
    chosen = np.zeros(len(left), dtype=np.bool_)
    if len(fits) == 0:
        return chosen, 0
    active_left, tail = _numbered(left[fits], len(slots_left))
    active_right, head = _numbered(right[fits], len(slots_right))
    nodes = len(active_left), len(active_right)  # nobody else: the solver looks at every node
    source, sink = sum(nodes), sum(nodes) + 1
    slot_of = np.repeat(np.arange(nodes[1]), slots_right[active_right])
    nth = np.arange(len(slot_of)) - np.searchsorted(slot_of, slot_of)
    nth += taken[active_right][slot_of]
    supply = int(slots_left[active_left].sum())
    ones = np.ones(max(len(fits), len(slot_of)), dtype=np.int64)
    arcs = (  # tail, head, capacity, cost; the last lets supply pass by
        (np.full(nodes[0], source), np.arange(nodes[0]), slots_left[active_left], 0 * active_left),
        (tail, nodes[0] + head, ones[: len(fits)], -worth[fits]),
        (nodes[0] + slot_of, np.full(len(slot_of), sink), ones[: len(slot_of)], nth * step),
        tuple(np.array([each]) for each in (source, sink, supply, 0)),
    )
    del tail, head
    columns = [
        np.concatenate(each, dtype=of)
        for each, of in zip(zip(*arcs, strict=True), TYPES, strict=True)
    ]
    del arcs, ones
    carries, cost = solve(Problem(columns, source, sink, supply))
    first = len(active_left)
    chosen[fits] = carries[first : first + len(fits)]
    return chosen, -cost


def _numbered(members: Ints, size: int) -> tuple[Ints, Ints]:
    """Who is among `members`, ascending, and of each the place there."""
    active = np.zeros(size, dtype=np.bool_)
    active[members] = True
    return np.flatnonzero(active), (np.cumsum(active) - 1)[members]


def _improve(chosen: Bools, a: Ints, b: Ints, worth: Ints, slots: Ints) -> None:
    """Add pairs that fit; exchange one for the lightest at its full ends where that gains."""
    theirs, first = _by_member(a, b, len(slots))
    for _ in range(MOST_PASSES):
        room = _room(chosen, a, b, slots)
        lightest = _lightest(chosen, a, b, worth, room)
        gain = worth - lightest[a] - lightest[b]
        better = np.flatnonzero(~chosen & (gain > 0))
        if len(better) == 0:
            return
        order = better[np.argsort(-gain[better], kind="stable")]
        repairs.exchange(order, chosen, a, b, worth, room, first, theirs)


def _alternate(starts: Ints, chosen: Bools, a: Ints, b: Ints, worth: Ints, slots: Ints) -> None:
    """Gain along alternating paths from members who lost a pair by rounding."""
    if len(starts):
        theirs, first = _by_member(a, b, len(slots))
        room = _room(chosen, a, b, slots)
        limits = (DEPTH, WIDTH, BRANCHES)
        repairs.alternate(starts, chosen, a, b, worth, room, first, theirs, *limits)


def _room(chosen: Bools, a: Ints, b: Ints, slots: Ints) -> Ints:
    taken = np.bincount(np.concatenate([a[chosen], b[chosen]]), minlength=len(slots))
    return np.asarray(slots - taken, dtype=np.int64)


def _by_member(a: Ints, b: Ints, size: int) -> tuple[Ints, Ints]:
    """Pairs of every member, those where they are `a` first, and where each member's begin."""
    ends = np.concatenate([a, b])
    first = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=size))])
    return np.argsort(ends.astype(np.int32), kind="stable") % max(len(a), 1), first


def _lightest(chosen: Bools, a: Ints, b: Ints, worth: Ints, room: Ints) -> Ints:
    """What each member must give up for one more: nothing with room, all there is without a slot."""
    none = np.iinfo(np.int64).max // 4
    least = np.full(len(room), none, dtype=np.int64)
    np.minimum.at(least, a[chosen], worth[chosen])
    np.minimum.at(least, b[chosen], worth[chosen])
    return np.where(room > 0, 0, least)
