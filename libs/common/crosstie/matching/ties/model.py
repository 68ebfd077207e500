"""What was learned about which ties form: weights by name of signal, kept by digest in a base."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct

from crosstie.matching.arrays import Bools, Floats
from crosstie.matching.ties.history import UNKNOWN, History
from crosstie.matching.ties.kernels import EVERY_TIE
from crosstie.matching.ties.lists import Lists, standardised
from crosstie.matching.ties.names import COMPILED, TIMED
from crosstie.matching.ties.outlook import Outlook, outlook
from crosstie.matching.ties.scores import scored
from crosstie.matching.ties.signals import signals

Among = Literal["all", "cross", "up"]


class TieModel(Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of `names`, ascending; `cross` and `up` for lists across sectors, and of seniors."""

    names: tuple[str, ...]
    all: tuple[float, ...]
    cross: tuple[float, ...]
    up: tuple[float, ...]
    lists: int = 0  # learned from; 0: what is believed beforehand

    def weights(self, among: Among) -> Floats:
        """The weights as an array."""
        return np.array(getattr(self, among), dtype=np.float64)


def score(model: TieModel, history: History, lists: Lists, among: Among = "all") -> Floats:
    """A number per pair, to be compared within a list, which must be whole."""
    if {*model.names} <= {*COMPILED}:
        net = outlook(history)
        members = lists.member[lists.starts[:-1]]
        return scored(
            members, lists.starts, lists.candidate, net, compiled(model, net, among), EVERY_TIE
        )
    return by_signals(model, history, lists, among)


def compiled(model: TieModel, net: Outlook, among: Among = "all") -> Floats:
    """The weights in the order of COMPILED; without times those that are about times are 0."""
    known = dict(zip(model.names, getattr(model, among), strict=True))
    untimed = {} if net.timed else dict.fromkeys(TIMED, 0.0)
    return np.array([(known | untimed).get(name, 0.0) for name in COMPILED])


def by_signals(model: TieModel, history: History, lists: Lists, among: Among = "all") -> Floats:
    """The same from the table of signals, at greater cost: also of signals that are not compiled."""
    weights, known = model.weights(among), signals(history)
    tables = (standardised(known(block), block, model.names) for block in lists.blocks())
    return np.concatenate([table.astype(np.float64) @ weights for table in tables])


def across(history: History, lists: Lists) -> Bools:
    """Pairs of two known, different sectors."""
    sector = history.who.codes["sector"]
    one, other = sector[lists.member], sector[lists.candidate]
    apart: Bools = (one != UNKNOWN) & (other != UNKNOWN) & (one != other)
    return apart


def upward(history: History, lists: Lists) -> Bools:
    """Pairs whose candidate is more senior."""
    mine, theirs = history.who.level[lists.member], history.who.level[lists.candidate]
    more: Bools = (mine > 0) & (theirs > mine)
    return more


def encode(model: TieModel) -> bytes:
    """Canonical JSON."""
    return msgspec.json.encode(model)


def decode(data: bytes) -> TieModel:
    """The model in `data`."""
    return msgspec.json.decode(data, type=TieModel)
