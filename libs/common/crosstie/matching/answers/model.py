"""What was learned about answers, kept in a base: numbers only, nothing of one person."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Level = Literal["rules", "logistic", "trees"]


class Trees(Struct, frozen=True, forbid_unknown_fields=True):
    """Nodes of all trees: a leaf has feature -1; children are places in these lists."""

    roots: tuple[int, ...] = ()
    feature: tuple[int, ...] = ()
    threshold: tuple[int, ...] = ()  # to the left where the feature is at most this
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    value: tuple[float, ...] = ()  # log-odds that a leaf adds


class Linear(Struct, frozen=True, forbid_unknown_fields=True):
    """Log-odds: offset x rules + start + sum of weight x (feature - centre) / scale."""

    start: float = 0.0
    rules: float = 1.0
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()


class AnswerModel(Struct, frozen=True, forbid_unknown_fields=True):
    """p(a accepts b) and p(they meet, once both accepted), of features of one `version`."""

    version: int
    level: Level = "rules"  # that was chosen
    lessons: int = 0  # answers learned from
    until: int = 0  # when the last of them became known
    rate: float = 0.5  # of yes among them
    linear: Linear = Linear()
    trees: Trees = Trees()
    mix: tuple[float, float, float] = (1.0, 0.0, 0.0)  # of linear and trees, and a start
    meets: Linear = Linear(rules=0.0)
    loss: float = 0.0  # on the latest lessons, when it was chosen; natural logs per answer
    sectors: dict[int, int] = {}  # two sectors' hashes -> log-odds beyond the rest, thousandths
