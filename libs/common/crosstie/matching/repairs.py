"""Compiled: better choices of pairs within slots, by exchanges and along alternating paths.

What rounding half-chosen pairs loses at circles of odd length is won back here, as far as a search
of bounded depth and width finds it; what it misses shows in the certified gap.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled


def _exchange(
    order: Any, chosen: Any, a: Any, b: Any, worth: Any, room: Any, first: Any, pairs: Any
) -> None:
    """Choose the pairs of `order` in turn; each full end gives up its lightest, once.

    `pairs`, from first[m] on, are member m's; `room` is as it was before the first of them.
    """
    touched = np.zeros(len(room), np.bool_)
    for n in range(len(order)):
        pair = order[n]
        if touched[a[pair]] or touched[b[pair]]:
            continue
        for side in range(2):
            end = a[pair] if side == 0 else b[pair]
            if room[end] != 0:
                continue
            least = -1
            for k in range(first[end], first[end + 1]):
                other = pairs[k]
                lighter = least < 0 or worth[other] < worth[least]
                same = least >= 0 and worth[other] == worth[least] and other < least
                if chosen[other] and (lighter or same):
                    least = other
            if least >= 0:
                chosen[least] = False
                touched[a[least]] = True
                touched[b[least]] = True
        chosen[pair] = True
        touched[a[pair]] = True
        touched[b[pair]] = True


def _alternate(
    starts: Any,
    chosen: Any,
    a: Any,
    b: Any,
    worth: Any,
    room: Any,
    first: Any,
    pairs: Any,
    depth: Any,
    width: Any,
    branches: Any,
) -> None:
    """From each of `starts` follow the path of most gain that adds a pair, gives one up, and so on.

    `pairs`, from first[m] on, are member m's; where a path stands they are put in order of worth. Of
    those given up the order tells nothing: each leads to somebody else, and of equals the first stays.
    A path stands where a slot is free; it goes `depth` pairs far; `width` paths are followed at
    once, `branches` pairs tried from each.
    """
    size = len(room)
    long = 2 * depth + 1
    gain = np.zeros(width, np.int64)
    here = np.zeros(width, np.int64)
    flips = np.zeros((width, long), np.int64)
    through = np.zeros((width, long), np.int64)
    place = np.full(size, -1, np.int64)  # of the path that now leads to a member
    best_flips = np.zeros(long, np.int64)
    in_order = np.zeros(size, np.bool_)
    for s in range(len(starts)):
        start = starts[s]
        while room[start] > 0:
            best, best_length = np.int64(0), 0
            paths = 1
            gain[0] = 0
            here[0] = start
            through[0, 0] = start
            for step in range(depth):
                most = 64
                next_gain = np.empty(most, np.int64)
                next_here = np.empty(most, np.int64)
                next_from = np.empty((most, 3), np.int64)  # path, pair added, pair given up
                count = 0
                for p in range(paths):
                    tried = 0
                    if not in_order[here[p]]:
                        in_order[here[p]] = True
                        mine = pairs[first[here[p]] : first[here[p] + 1]]
                        mine[:] = mine[np.argsort(-worth[mine], kind="mergesort")]
                    for k in range(first[here[p]], first[here[p] + 1]):
                        added = pairs[k]
                        there = a[added] + b[added] - here[p]
                        if chosen[added]:
                            continue
                        known = False
                        for t in range(2 * step + 1):
                            known = known or through[p, t] == there
                        if known:
                            continue
                        if tried == branches or worth[added] <= 0:
                            break
                        tried += 1
                        longer = gain[p] + worth[added]
                        if room[there] > 0:
                            if longer > best:
                                best, best_length = longer, 2 * step + 1
                                best_flips[: 2 * step] = flips[p, : 2 * step]
                                best_flips[2 * step] = added
                            continue
                        for g in range(first[there], first[there + 1]):
                            given = pairs[g]
                            if not chosen[given]:
                                continue
                            beyond = a[given] + b[given] - there
                            known = False
                            for t in range(2 * step + 1):
                                known = known or through[p, t] == beyond
                            if known:
                                continue
                            left = longer - worth[given]
                            if left > best:
                                best, best_length = left, 2 * step + 2
                                best_flips[: 2 * step] = flips[p, : 2 * step]
                                best_flips[2 * step] = added
                                best_flips[2 * step + 1] = given
                            at = place[beyond]
                            if at >= 0 and left <= next_gain[at]:
                                continue
                            if at < 0:
                                if count == most:
                                    most *= 2
                                    wider = np.empty((most, 3), np.int64)
                                    wider[:count] = next_from
                                    next_from = wider
                                    wide = np.empty((2, most), np.int64)
                                    wide[0, :count] = next_gain
                                    wide[1, :count] = next_here
                                    next_gain, next_here = wide[0].copy(), wide[1].copy()
                                at = count
                                count += 1
                                place[beyond] = at
                                next_here[at] = beyond
                            next_gain[at] = left
                            next_from[at, 0] = p
                            next_from[at, 1] = added
                            next_from[at, 2] = given
                for k in range(count):
                    place[next_here[k]] = -1
                # the richest first; where they stand tells equals apart
                ordered = np.argsort(next_here[:count] - next_gain[:count] * size)
                paths = min(count, width)
                was_flips, was_through = flips.copy(), through.copy()
                for p in range(paths):
                    k = ordered[p]
                    origin, added, given = next_from[k, 0], next_from[k, 1], next_from[k, 2]
                    gain[p], here[p] = next_gain[k], next_here[k]
                    flips[p] = was_flips[origin]
                    flips[p, 2 * step] = added
                    flips[p, 2 * step + 1] = given
                    through[p] = was_through[origin]
                    through[p, 2 * step + 1] = a[given] + b[given] - here[p]
                    through[p, 2 * step + 2] = here[p]
            if best <= 0:
                break
            for k in range(best_length):
                pair = best_flips[k]
                chosen[pair] = not chosen[pair]
                used = 1 if chosen[pair] else -1
                room[a[pair]] -= used
                room[b[pair]] -= used


exchange = Compiled(_exchange)
alternate = Compiled(_alternate)
