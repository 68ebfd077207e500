"""Half-chosen pairs made whole ones: every other pair along trails, so that slots suffice."""

from __future__ import annotations

from collections.abc import Iterator

from crosstie.matching.arrays import Ints


def rounded(halves: Ints, a: Ints, b: Ints, worth: Ints) -> Iterator[int]:
    """Every other pair along each trail of half-chosen ones, the richer alternative.

    At every member that leaves at most half of theirs, and one more where an open trail ends (half
    a slot was free there), so slots suffice; a closed trail of odd length starts with a pair less.
    """
    ends = a[halves].tolist(), b[halves].tolist()
    for places, closed in _trails(list(range(len(halves))), *ends):
        trail: list[int] = halves[places].tolist()
        if closed and len(trail) % 2:
            yield from _turned(trail, worth)[1::2]
        else:
            even, odd = trail[::2], trail[1::2]
            yield from even if worth[even].sum() >= worth[odd].sum() else odd


def _turned(trail: list[int], worth: Ints) -> list[int]:
    """A closed trail of odd length, begun where its pairs at odd places are worth most."""
    length = len(trail)
    value = worth[trail].tolist()
    total = sum(value[1::2])
    best, start = total, 0
    for k in range(
        0, 2 * (length - 1), 2
    ):  # from a start k to k + 2: pair k comes in, k + 1 drops out
        total += value[k % length] - value[(k + 1) % length]
        if total > best:
            best, start = total, (k + 2) % length
    return trail[start:] + trail[:start]


def _trails(halves: list[int], a: list[int], b: list[int]) -> Iterator[tuple[list[int], bool]]:
    """`halves` as trails, and whether each is closed: first those between members with an odd number."""
    at: dict[int, list[int]] = {}
    for pair in halves:
        at.setdefault(a[pair], []).append(pair)
        at.setdefault(b[pair], []).append(pair)
    used: set[int] = set()
    for start in sorted(member for member, pairs in at.items() if len(pairs) % 2):
        if trail := _walk(start, at, used, a, b):
            yield trail
    for start in sorted(at):
        while trail := _walk(start, at, used, a, b):
            yield trail


def _walk(
    start: int, at: dict[int, list[int]], used: set[int], a: list[int], b: list[int]
) -> tuple[list[int], bool] | None:
    """Unused pairs from `start` until there is none to go on with, and whether that is at `start`."""
    trail: list[int] = []
    here = start
    while True:
        while at[here] and at[here][-1] in used:
            at[here].pop()
        if not at[here]:
            return (trail, here == start) if trail else None
        pair = at[here].pop()
        used.add(pair)
        trail.append(pair)
        here = b[pair] if here == a[pair] else a[pair]
