"""What trains, what is to be found, and among whom: the shared benchmark's protocol.

Ties are unordered pairs with an event of the kinds that make one. By time: the first 70 % of their
events train. By wave: all but the last. Static: 20 % of the pairs are hidden, at random. New ties
are pairs of the rest, both of whose people have a tie in training. Candidates: everyone with a tie,
less those known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from crosstie.errors import Misconfigured, shown
from crosstie.evaluate import times
from crosstie.evaluate.dataset import Dataset, number
from crosstie.matching.arrays import Bools, Floats, Ints

TRAIN, HIDDEN = 0.7, 0.2
MOST_MEMBERS = 10_000  # every pair is ranked: about 10 GiB
Mode = Literal["temporal", "wave", "random"]
_BY_TYPE: Mapping[str, Mode] = {"iso": "temporal", "ordinal": "temporal", "wave": "wave"}
_BY_NAME: Mapping[str, Mode] = {"temporal": "temporal", "wave": "wave"}


@dataclass(frozen=True, slots=True)
class Split:
    """Matrices are by member; `among` holds candidate masks by name: all, cross, up."""

    mode: Mode
    training: Ints  # numbers of the events that train
    testing: int  # how many do not
    contacts: csr_array  # events per pair, symmetric
    ties: csr_array  # 1 where there is one
    new: frozenset[tuple[int, int]]  # low, high
    cold: int  # new ties that nobody could foresee: one of the two had no tie
    among: dict[str, Bools]

    def wanted(self, direction: str) -> set[tuple[int, int]]:
        """The new ties that count in a direction: in one of its two ways at least."""
        mask = self.among[direction]
        return {(a, b) for a, b in self.new if mask[a, b] or mask[b, a]}


def split(data: Dataset, *, train: float = TRAIN, seed: int = 0) -> Split:
    """The split of a recorded network. Raises Misconfigured where it has no tie to train on."""
    if data.meta.bipartite:
        raise Misconfigured(f"{data.name} joins people with things; this ranks ties between people")
    if len(data.members) > MOST_MEMBERS:
        raise Misconfigured(
            f"{data.name} has {len(data.members)} members, must be at most {MOST_MEMBERS}: "
            "baselines rank every pair"
        )
    size, counted = len(data.members), tie_events(data)
    if not counted:
        raise Misconfigured(
            f"{data.name} has no event that makes a tie: tie_kinds in meta.json is "
            f"{shown(data.meta.tie_kinds)}, min_value {shown(data.meta.min_value)}, of "
            f"{len(data.events)} events the kinds are {shown(sorted({each.kind for each in data.events}))}"
        )
    ends = np.array([(data.events[i].source, data.events[i].target) for i in counted])
    low, high = ends.min(axis=1), ends.max(axis=1)
    mode = _mode(data)
    trains = _trains(data, counted, mode, low, high, train, seed)
    ones = np.ones(int(trains.sum()))
    half = csr_array((ones, (low[trains], high[trains])), shape=(size, size))
    contacts = csr_array(half + half.T)
    ties = csr_array((contacts > 0).astype(np.float64))
    known = set(zip(low[trains].tolist(), high[trains].tolist(), strict=True))
    new = set(zip(low[~trains].tolist(), high[~trains].tolist(), strict=True)) - known
    warm = np.asarray(ties.sum(axis=1)).ravel() > 0
    foreseeable = frozenset((a, b) for a, b in new if warm[a] and warm[b])
    return Split(
        mode=mode,
        training=np.array(counted)[trains],
        testing=int((~trains).sum()),
        contacts=contacts,
        ties=ties,
        new=foreseeable,
        cold=len(new) - len(foreseeable),
        among=_masks(data, ties, warm),
    )


def tie_events(data: Dataset) -> list[int]:
    """Numbers of the events that make a tie: meta.tie_kinds, of meta.min_value or more."""
    kinds, least = data.meta.tie_kinds, data.meta.min_value
    return [
        i
        for i, each in enumerate(data.events)
        if (not kinds or each.kind in kinds) and (least is None or number(each.value) >= least)
    ]


def _mode(data: Dataset) -> Mode:
    if data.meta.candidate_kind:
        return "random"
    if data.meta.split:
        return _BY_NAME.get(data.meta.split, "random")
    return _BY_TYPE.get(data.meta.ts_type or "", "random")


def _trains(
    data: Dataset, counted: list[int], mode: Mode, low: Ints, high: Ints, train: float, seed: int
) -> Bools:
    if mode == "temporal":
        when = np.array(times.moments(data, counted), dtype=np.int64)
        chosen = np.zeros(len(counted), dtype=np.bool_)
        chosen[np.argsort(when, kind="stable")[: int(len(counted) * train)]] = True
        return chosen
    if mode == "wave":
        wave = np.array(times.waves(data, counted))
        before: Bools = wave < wave.max()
        return before
    pairs = sorted(set(zip(low.tolist(), high.tolist(), strict=True)))
    order = np.random.default_rng(seed).permutation(len(pairs))
    hidden = {pairs[i] for i in order[: round(len(pairs) * HIDDEN)]}
    both = zip(low.tolist(), high.tolist(), strict=True)
    return np.array([pair not in hidden for pair in both], dtype=np.bool_)


def levels(data: Dataset) -> Floats:
    """Per member, nan where unknown; higher is more senior."""
    return np.array([number(value) for value in data.column("level")], dtype=np.float64)


def _masks(data: Dataset, ties: csr_array, warm: Bools) -> dict[str, Bools]:
    everyone = np.outer(warm, warm) & (ties.toarray() == 0)
    np.fill_diagonal(everyone, False)
    if offered := data.meta.candidate_kind:
        seen = np.zeros_like(everyone)
        for each in data.events:
            if each.kind == offered:
                seen[each.source, each.target] = seen[each.target, each.source] = True
        everyone &= seen
    among = {"all": everyone}
    sector = np.array(data.column("sector"), dtype=str)
    known = sector != ""
    if len(set(sector[known])) > 1:
        apart = sector[:, None] != sector[None, :]
        among["cross"] = everyone & np.outer(known, known) & apart
    level = levels(data)
    told = [value for value in level.tolist() if not math.isnan(value)]
    if told and max(told) > min(told):
        among["up"] = everyone & (level[None, :] > level[:, None])
    return among
