"""Compiled: what the ties of a network add up to, by entry, by member and by group."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled


def _gather(
    pointer: Any,
    to: Any,
    tie: Any,
    logs: Any,
    by_a: Any,
    by_b: Any,
    recent: Any,
    sector: Any,
    codes: Any,
    width: Any,
    cell: Any,
    between: Any,
    sums: Any,
    known: Any,
) -> Any:
    """Weights and marks of every entry; fills `between`, `sums` and `known`."""
    weight = np.empty(len(to))
    marks = np.empty(len(to), np.uint8)
    for i in range(len(pointer) - 1):
        for e in range(pointer[i], pointer[i + 1]):
            j, k = to[e], tie[e]
            mine, theirs = (by_a[k], by_b[k]) if i < j else (by_b[k], by_a[k])
            unsaid = mine == 0 and theirs == 0
            mark = recent[k]
            mark |= np.uint8(1) if mine > 0 or unsaid else np.uint8(0)
            mark |= np.uint8(2) if theirs > 0 or unsaid else np.uint8(0)
            weight[e] = logs[k]
            marks[e] = mark
            sums[i, 0] += 1.0
            sums[i, 1] += logs[k]
            sums[i, 2] += logs[k] * logs[k]
            sums[i, 3] += sector[i] == sector[j] and sector[i] >= 0
            sums[i, 4] += mine > 0 or unsaid
            sums[i, 5] += theirs > 0 or unsaid
            sums[i, 7] += (mark >> 2) & 1
            sums[i, 8] += (mark >> 3) & 1
            sums[i, 9] += (mark >> 4) & 1
            sums[i, 10] += (mark >> 5) & 1
            for t in range(len(width)):
                if codes[j, t] >= 0:
                    known[0, i, t] += 1.0
                    known[1, i, t] += logs[k]
                    if codes[i, t] >= 0:
                        place = cell[t] + codes[i, t] * width[t] + codes[j, t]
                        between[0, place] += 1.0
                        between[1, place] += logs[k]
    return weight, marks


def _count(pointer: Any, to: Any, weight: Any, codes: Any, width: Any) -> Any:
    """Of every member and attribute the groups they have ties with: pointers, which, ties, contacts."""
    attributes = len(width)
    ties = np.zeros(width.max() + 1)
    contacts = np.zeros(len(ties))
    here = np.empty(len(ties), np.int32)
    ends = np.zeros(len(codes) * attributes + 1, np.int64)
    group = np.empty(1024, np.int32)
    group_ties = np.empty(1024, np.float32)
    group_contacts = np.empty(1024, np.float32)
    end = 0
    for i in range(len(codes)):
        for t in range(attributes):
            count = 0
            for e in range(pointer[i], pointer[i + 1]):
                g = codes[to[e], t]
                if g < 0:
                    continue
                if ties[g] == 0.0:
                    here[count] = g
                    count += 1
                ties[g] += 1.0
                contacts[g] += weight[e]
            if end + count > len(group):
                room = 2 * len(group) + count
                wider, wider_ties, wider_contacts = (
                    np.empty(room, np.int32),
                    np.empty(room, np.float32),
                    np.empty(room, np.float32),
                )
                wider[:end] = group[:end]
                wider_ties[:end] = group_ties[:end]
                wider_contacts[:end] = group_contacts[:end]
                group, group_ties, group_contacts = wider, wider_ties, wider_contacts
            for k in range(1, count):  # by insertion: these are few
                g = here[k]
                place = k
                while place > 0 and here[place - 1] > g:
                    here[place] = here[place - 1]
                    place -= 1
                here[place] = g
            for k in range(count):
                g = here[k]
                group[end] = g
                group_ties[end] = ties[g]
                group_contacts[end] = contacts[g]
                ties[g] = 0.0
                contacts[g] = 0.0
                end += 1
            ends[i * attributes + t + 1] = end
    return ends, group[:end].copy(), group_ties[:end].copy(), group_contacts[:end].copy()


gathered = Compiled(_gather)
counted = Compiled(_count)
