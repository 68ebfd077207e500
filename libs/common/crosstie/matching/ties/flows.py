"""Compiled: what flows from one member along two ties, by whom it reaches."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled

FLOWS = 20  # sums by person reached, which `scores` makes signals of


def _flow(net: Any, a: Any, hub_ties: Any, slot: Any, reached: Any, flow: Any) -> Any:
    """How many are two ties from `a`, and their rows of `flow`, then one of nothing.

    Fills `slot`, of whom is reached their row (-1 before), and `reached`, of each row who it is.
    `flow`, of FLOWS columns, is room: what comes back is larger where that did not do. Ties of one
    with more than `hub_ties` are not followed.
    """
    own_strength = net.sums[a, 1]
    count = 0
    for e in range(net.pointer[a], net.pointer[a + 1]):
        z = net.to[e]
        w, mark = net.weight[e], net.marks[e]
        degree, strength = net.sums[z, 0], net.sums[z, 1]
        if degree > hub_ties:
            continue
        rare = 1.0 / degree
        log_rare = 1.0 / np.log(degree) if degree > 1 else 0.0
        half = 1.0 / np.sqrt(degree)
        stepped = w / own_strength / strength
        own = rare if net.sector[a] == net.sector[z] and net.sector[a] >= 0 else 0.0
        starting = 1.0 / net.sums[z, 4] if net.sums[z, 4] > 0 else 0.0
        receiving = 1.0 / net.sums[z, 5] if net.sums[z, 5] > 0 else 0.0
        out, into = float(mark & 1), float(mark >> 1 & 1)
        new_0, new_1 = (mark >> 2 & 1) * log_rare, (mark >> 3 & 1) * log_rare
        alive_0, alive_1 = net.sums[z, 9], net.sums[z, 10]
        live_0 = (mark >> 4 & 1) / np.log(alive_0) if alive_0 > 1 else 0.0
        live_1 = (mark >> 5 & 1) / np.log(alive_1) if alive_1 > 1 else 0.0
        for f in range(net.pointer[z], net.pointer[z + 1]):
            b = net.to[f]
            s = slot[b]
            if s < 0:
                if count + 1 == len(flow):
                    wider = np.zeros((2 * len(flow), FLOWS))
                    wider[:count] = flow[:count]
                    flow = wider
                s = count
                slot[b] = s
                reached[s] = b
                flow[s] = 0.0
                count += 1
            v, bits = net.weight[f], net.marks[f]
            goes, comes = float(bits & 1), float(bits >> 1 & 1)
            flow[s, 0] += 1.0
            flow[s, 1] += log_rare
            flow[s, 2] += rare
            flow[s, 3] += own
            flow[s, 4] += rare if net.sector[z] == net.sector[b] and net.sector[z] >= 0 else 0.0
            flow[s, 5] += stepped * v
            flow[s, 6] += half
            flow[s, 7] += w * v
            flow[s, 8] += new_0
            flow[s, 9] += new_1
            flow[s, 10] += log_rare * (bits >> 2 & 1)
            flow[s, 11] += log_rare * (bits >> 3 & 1)
            flow[s, 12] += live_0 * (bits >> 4 & 1)
            flow[s, 13] += live_1 * (bits >> 5 & 1)
            flow[s, 14] += into * goes
            flow[s, 15] += into * goes * starting
            flow[s, 16] += out * comes
            flow[s, 17] += out * comes * receiving
            flow[s, 18] += out * goes
            flow[s, 19] += into * comes
    flow[count] = 0.0
    return count, flow


flows = Compiled(_flow)
