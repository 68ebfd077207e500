"""Recorded networks ranked by ours and by the baselines, and how they compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from msgspec import Struct
from threadpoolctl import threadpool_limits

from crosstie.evaluate import told
from crosstie.evaluate.baselines import BASELINES, Ranking
from crosstie.evaluate.dataset import Dataset, read
from crosstie.evaluate.measure import Measured, measure
from crosstie.evaluate.protocol import TRAIN, Split, split
from crosstie.matching.arrays import Floats
from crosstie.matching.ties.history import history
from crosstie.matching.ties.learning import fit
from crosstie.matching.ties.lists import SMALL, Lists, candidates
from crosstie.matching.ties.model import Among, score

OURS = "crosstie"
DIRECTIONS: tuple[Among, ...] = ("all", "cross", "up")

NOTES: Mapping[str, str] = {
    "crosstie": "the ranking of crosstie.matching.ties, fitted on the folded rows alone, "
    "that full rounds use (docs/adr/0070-ties-are-learned-from-rows.md)",
    "told": "what trains is told as crosstie events, and folded; only kinds of contact that make a "
    "tie are told, so that all methods know the same; where ties are hidden at random, without times",
}

Method = dict[str, Measured | float | str]


class Compared(Struct, frozen=True):
    """One recorded network. A method that could not be tried has `error` in place of figures."""

    dataset: str
    split: str
    k: int
    members: int
    warm: int
    training_events: int
    testing_events: int
    new_ties: int
    cold_new_ties: int
    methods: dict[str, Method]
    notes: dict[str, str]

    def ratio(self, direction: str, figure: str = "recall") -> float | None:
        """Ours over the best baseline of this set, None where neither found anything."""
        ours = _figure(self.methods[OURS], direction, figure)
        theirs = [
            value
            for name in BASELINES
            if (value := _figure(self.methods.get(name, {}), direction, figure)) is not None
        ]
        return None if ours is None or not theirs or max(theirs) == 0 else ours / max(theirs)


def compare(folder: Path, k: int, *, train: float = TRAIN, seed: int = 0) -> Compared:
    """Ours and every baseline on the network in `folder`."""
    data = read(folder)
    cut = split(data, train=train, seed=seed)
    methods = {OURS: _tried(lambda: _ours(data, cut), cut, k)}
    for name, ranking in BASELINES.items():
        methods[name] = _tried(partial(_alike, ranking, cut, seed), cut, k)
    return Compared(
        dataset=data.name,
        split=cut.mode,
        k=k,
        members=len(data.members),
        warm=int((np.diff(cut.ties.indptr) > 0).sum()),
        training_events=len(cut.training),
        testing_events=cut.testing,
        new_ties=len(cut.new),
        cold_new_ties=cut.cold,
        methods=methods,
        notes=dict(NOTES),
    )


def means(sets: Sequence[Compared], figure: str = "recall") -> dict[str, float]:
    """By direction, the mean over sets of ours / the best baseline of the set."""
    found = {
        direction: [value for each in sets if (value := each.ratio(direction, figure)) is not None]
        for direction in DIRECTIONS
    }
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _ours(data: Dataset, cut: Split) -> dict[Among, Floats]:
    """The production ranking, on the network that the fold makes of what trains."""
    past = history(told.network(data, cut.training, timed=cut.mode != "random"))
    model = fit(past)
    allowed = cut.among["all"]
    pairs = Lists(*np.nonzero(allowed)) if len(data.members) <= SMALL else candidates(past)
    out: dict[Among, Floats] = {}
    for direction in DIRECTIONS:
        if direction in cut.among:
            found = score(model, past, pairs, direction)
            table = np.full(allowed.shape, found.min(initial=0.0) - 1)  # no candidate: last
            table[pairs.member, pairs.candidate] = found
            out[direction] = table
    return out


def _alike(ranking: Ranking, cut: Split, seed: int) -> dict[Among, Floats]:
    """A baseline ranks alike in all directions."""
    scores = ranking(cut, seed)
    return dict.fromkeys(DIRECTIONS, scores)


def _tried(ranks: Callable[[], Mapping[Among, Floats]], cut: Split, k: int) -> Method:
    begun = time.perf_counter()
    try:
        with threadpool_limits(limits=1):  # small matrices: more threads only wait for each other
            scores = ranks()
    except ModuleNotFoundError as missing:
        return {"error": f"{missing.name} is not installed: pip install 'crosstie[evaluate]'"}
    figures: Method = {
        direction: measure(scores[direction], cut.wanted(direction), cut.among[direction], k)
        for direction in DIRECTIONS
        if direction in cut.among
    }
    return figures | {"seconds": round(time.perf_counter() - begun, 2)}


def _figure(method: Method, direction: str, figure: str) -> float | None:
    measured = method.get(direction)
    value = getattr(measured, figure) if isinstance(measured, Measured) else None
    return None if value is None else float(value)
