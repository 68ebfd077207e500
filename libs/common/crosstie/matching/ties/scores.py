"""Compiled: the score of every candidate of a list by the signals of `names.COMPILED`, in one walk.

What the families of `signals` tell of whole matrices is gathered here for one member at a time: along
two ties into sums per person reached, then along one more from each candidate. Tests hold the two
against each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import find
from crosstie.matching.ties.flows import FLOWS, flows
from crosstie.matching.ties.lines import FAR, MOST_STEPS
from crosstie.matching.ties.outlook import Outlook
from crosstie.matching.ties.weighing import weigh

_EVEN = 1e-6  # log odds of 1: what is kept of groups in single precision tells no less


def _scored(
    members: Any,
    starts: Any,
    candidates: Any,
    net: Any,
    weights: Any,
    most_steps: Any,
    far: Any,
    hub_ties: Any,
) -> Any:
    """Scores of members[i] for candidates[starts[i]:starts[i + 1]], whole lists."""
    pointer, to, weight = net.pointer, net.to, net.weight
    size = len(net.pointer) - 1
    columns = len(weights)
    score = np.zeros(len(candidates))
    slot = np.full(size, -1, np.int32)  # of who is reached, a row of `flow`
    reached = np.empty(size, np.int32)
    flow = np.zeros((256, FLOWS))
    above = np.full(size, -1, np.int32)  # steps up the member's line
    knows = np.zeros(size, np.bool_)
    manager_knows = np.zeros(size, np.bool_)
    reports_know = np.zeros(size, np.int32)
    kinds, every = len(net.share), net.share.shape[1]
    mine = np.zeros((kinds, every))  # ties of the member with each group
    told = np.zeros((every, kinds, 5))  # of each group, as the member's group has it
    logs = np.ones(6)  # products, of which one logarithm is taken
    asked = np.full(every, -1, np.int32)
    theirs = np.zeros(kinds)
    onward = np.zeros((size, 2))  # what reaches a person in two steps, as it goes on to the third
    longest = 0
    for i in range(len(members)):
        longest = max(longest, starts[i + 1] - starts[i])
    table = np.zeros((longest, columns))
    for i in range(len(members)):
        a = members[i]
        low, high = starts[i], starts[i + 1]
        length = high - low
        own_strength = net.sums[a, 1]
        for e in range(net.pointer[a], net.pointer[a + 1]):
            knows[net.to[e]] = True
        count, flow = flows(net, a, hub_ties, slot, reached, flow)
        for t in range(len(net.width)):
            place = a * len(net.width) + t
            for p in range(net.group_pointer[place], net.group_pointer[place + 1]):
                mine[0, net.first[t] + net.group[p]] = net.group_ties[p]
                mine[1, net.first[t] + net.group[p]] = net.group_contacts[p]
        boss = net.manager[a]
        upper, steps = a, 0
        while upper >= 0 and steps < most_steps:
            if above[upper] < 0:
                above[upper] = steps
            upper = net.manager[upper]
            steps += 1
        if boss >= 0:
            for e in range(net.pointer[boss], net.pointer[boss + 1]):
                manager_knows[net.to[e]] = True
        reports = net.report_pointer[a + 1] - net.report_pointer[a]
        for r in range(net.report_pointer[a], net.report_pointer[a + 1]):
            led = net.report_to[r]
            for e in range(net.pointer[led], net.pointer[led + 1]):
                reports_know[net.to[e]] += 1

        for s in range(count):
            onward[reached[s], 0] = flow[s, 5] / net.sums[reached[s], 1]
            onward[reached[s], 1] = flow[s, 6]
        nobody = count  # a row of nothing
        degree_a = net.sums[a, 0]
        squares_a = 1.0 / np.sqrt(net.sums[a, 2]) if net.sums[a, 2] > 0 else 0.0
        for k in range(low, high):
            b = candidates[k]
            at = k - low
            degree, strength, inside = net.sums[b, 0], net.sums[b, 1], net.sums[b, 3]
            s = slot[b] if slot[b] >= 0 else nobody
            third, alike = 0.0, 0.0
            for e in range(pointer[b], pointer[b + 1]):
                third += onward[to[e], 0] * weight[e]
                alike += onward[to[e], 1]
            common, two = flow[s, 0], flow[s, 5]
            rare = 1.0 / strength if strength > 0 else 0.0
            table[at, 0] = np.log1p(common)
            table[at, 1] = flow[s, 1]
            table[at, 2] = flow[s, 2]
            table[at, 3] = common / np.sqrt(max(degree_a * degree, 1.0))
            table[at, 4] = common / max(degree_a + degree - common, 1.0)
            table[at, 5] = common / max(min(degree_a, degree), 1.0)
            table[at, 6] = common / max(degree, 1.0)
            table[at, 7] = alike / np.sqrt(degree) if degree > 0 else 0.0
            table[at, 8] = flow[s, 3]
            table[at, 9] = flow[s, 4]
            table[at, 10] = 0.15 * (0.85**2 * two + 0.85**3 * third)
            table[at, 11] = 0.5 * (0.5**2 * two + 0.5**3 * third)
            table[at, 12] = 0.8 * (0.2**2 * two + 0.2**3 * third)
            halfway = 0.5 * (0.25 * two + 0.125 * third)
            table[at, 13] = strength
            table[at, 14] = halfway * halfway * rare
            table[at, 15] = halfway * rare
            even = np.sqrt(own_strength * rare)
            table[at, 16] = two * even
            table[at, 17] = third * even
            table[at, 18] = (
                flow[s, 7] * squares_a / np.sqrt(net.sums[b, 2]) if strength > 0 else 0.0
            )
            table[at, 19] = two * own_strength
            table[at, 20] = degree
            table[at, 21] = np.log1p(degree)
            table[at, 22] = np.log1p(degree - inside)
            table[at, 23] = (degree - inside + 1.0) / (degree + 2.0)
            table[at, 24] = net.sums[b, 6]
            for share in range(2):
                place = 25 + 6 * share
                table[at, place] = net.sums[b, 7 + share]
                table[at, place + 1] = (net.sums[b, 7 + share] + 1.0) / (degree + 5.0)
                table[at, place + 2] = net.sums[b, 9 + share]
                table[at, place + 3] = flow[s, 8 + share]
                table[at, place + 4] = flow[s, 10 + share]
                table[at, place + 5] = flow[s, 12 + share]
            for place in range(6):
                table[at, 37 + place] = flow[s, 14 + place]
            table[at, 43] = np.log1p(net.sums[b, 5])
            table[at, 44] = np.log1p(net.sums[b, 4])
            upper, steps, nearest = b, 0, far
            while upper >= 0 and steps < min(nearest, most_steps):
                if above[upper] >= 0:
                    nearest = min(nearest, float(above[upper] + steps))
                upper = net.manager[upper]
                steps += 1
            other_boss = net.manager[b]
            table[at, 45] = -nearest
            table[at, 46] = boss == b or other_boss == a
            table[at, 47] = boss == other_boss and boss >= 0
            table[at, 48] = manager_knows[b]
            table[at, 49] = other_boss >= 0 and knows[other_boss]
            table[at, 50] = reports_know[b] / max(reports, 1)
            table[at, 51] = net.report_pointer[b + 1] - net.report_pointer[b]
            table[at, 52:78] = 0.0
            logs[:] = 1.0
            for t in range(len(net.width)):
                g, h = net.codes[a, t], net.codes[b, t]
                if g < 0 or h < 0:
                    continue
                spot = net.first[t] + h
                if asked[spot] != i:
                    asked[spot] = i
                    there = net.cell[t] + g * net.width[t] + h
                    back = net.cell[t] + h * net.width[t] + g
                    for kind in range(kinds):
                        lean = mine[kind, spot] + 5.0 * net.usual[kind, there]
                        lean /= (net.known[kind, a, t] + 5.0) * net.share[kind, spot]
                        told[spot, kind, 0] = net.density[kind, there]
                        told[spot, kind, 1] = net.excess[kind, there]
                        told[spot, kind, 2] = np.log(max(lean, 1e-9))
                        told[spot, kind, 3] = 5.0 * net.usual[kind, back]
                        told[spot, kind, 4] = net.between[kind, there] + 2.0
                place = b * len(net.width) + t
                last = net.group_pointer[place + 1]
                entry = find(net.group, net.group_pointer[place], last, g)
                theirs[0] = net.group_ties[entry] if entry >= 0 else 0.0
                theirs[1] = net.group_contacts[entry] if entry >= 0 else 0.0
                for kind in range(kinds):
                    lean = theirs[kind] + told[spot, kind, 3]
                    lean /= (net.known[kind, b, t] + 5.0) * net.share[kind, net.first[t] + g]
                    slotted = 2 * min(t, 2) + kind
                    place = 52 + 4 * slotted
                    table[at, place] += told[spot, kind, 0]
                    table[at, place + 1] += told[spot, kind, 1]
                    table[at, place + 2] += told[spot, kind, 2]
                    logs[slotted] *= max(lean, 1e-9)
                    if t == 0:
                        both = (mine[kind, spot] + 0.5) * (theirs[kind] + 0.5)
                        table[at, 76 + kind] = np.log(both / told[spot, kind, 4])
            for slotted in range(6):
                table[at, 55 + 4 * slotted] = np.log(logs[slotted])
            for slotted in range(52, 78):
                if abs(table[at, slotted]) < _EVEN:
                    table[at, slotted] = 0.0
            table[at, 78] = net.sector[a] == net.sector[b] and net.sector[a] >= 0
            table[at, 79] = net.level[b]
            table[at, 80] = -abs(net.level[a] - net.level[b])

        weigh(table, length, weights, score[low:high])
        for s in range(count):
            slot[reached[s]] = -1
            onward[reached[s]] = 0.0
        for e in range(net.pointer[a], net.pointer[a + 1]):
            knows[net.to[e]] = False
        for t in range(len(net.width)):
            place = a * len(net.width) + t
            for p in range(net.group_pointer[place], net.group_pointer[place + 1]):
                mine[:, net.first[t] + net.group[p]] = 0.0
        upper, steps = a, 0
        while upper >= 0 and steps < most_steps:
            above[upper] = -1
            upper = net.manager[upper]
            steps += 1
        if boss >= 0:
            for e in range(net.pointer[boss], net.pointer[boss + 1]):
                manager_knows[net.to[e]] = False
        for r in range(net.report_pointer[a], net.report_pointer[a + 1]):
            led = net.report_to[r]
            for e in range(net.pointer[led], net.pointer[led + 1]):
                reports_know[net.to[e]] = 0
    return score


_compiled = Compiled(_scored)


def scored(
    members: Ints,
    starts: Ints,
    candidates: Ints,
    outlook: Outlook,
    weights: Floats,
    hub_ties: int,
) -> Floats:
    """The sum of weights x standardised signals of members[i]'s list from starts[i] on, a whole one.

    `weights`: of COMPILED, in that order. What leads through one of more than `hub_ties` is left out.
    """
    found: Floats = _compiled(
        members, starts, candidates, outlook, weights, MOST_STEPS, float(FAR), hub_ties
    )
    return found
