"""Compile before the first round: a round of made-up people, the result of which is thrown away.

numba compiles a kernel when it is first called, which takes some 20 s in all on a machine that never
did, and keeps what it compiled where it may write. Whoever waits for a first suggestion should not.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from crosstie.matching import assignment
from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching.answers.features import NAMES, VERSION
from crosstie.matching.answers.model import AnswerModel, Linear, Trees
from crosstie.matching.ledger import EMPTY
from crosstie.matching.occasion import Occasion
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import step
from crosstie.matching.ties import learning as ties
from crosstie.matching.ties.history import history
from crosstie.network.state import Fact, Member, Tie
from crosstie.network.strength import DAY_US, Strength
from crosstie.network.view import Network

_AT = 1_700_000_000_000_000
_PEOPLE = 48
_WORDS = ("rotas", "discharge", "grants", "housing")


def warm(policy: Policy | None = None) -> None:
    """Decide a round for everyone, then one for somebody, as rounds and previews do."""
    rules = policy or policies.load(policies.DEFAULT)
    _ring(7)
    network = Network({each.subject: each for each in map(_member, range(_PEOPLE))}, _ties())
    prepared = Prepared.of(network)
    base = bases.fit(network, rules, _AT)
    ranking = ties.fit(history(network))
    ledger = EMPTY
    for n, (serve, answers) in enumerate(((None, None), (frozenset((_name(1),)), _model())), 1):
        ledger, _, _ = step(
            network,
            ledger,
            bases.Base(people=base.people, used_by=base.used_by, ties=ranking, answers=answers),
            rules,
            Occasion(
                n=n,
                at=_AT + n * 30 * DAY_US,
                seed=n,
                deployment="warming",
                policy_digest="",
                serve=serve,
            ),
            prepared=prepared,
        )


def _ring(people: int) -> None:
    """An odd ring: what is assigned by halves, rounded and repaired, which made-up rounds may not need."""
    one = np.append(np.arange(people), 0)
    other = np.append((np.arange(people) + 1) % people, 2)
    ends = np.minimum(one, other), np.maximum(one, other)
    assignment.introductions(*ends, 1000 + np.arange(people + 1), np.ones(people, dtype=np.int64))


def _name(number: int) -> str:
    return f"WARMING{number:09d}"


def _member(number: int) -> Member:
    word = _WORDS[number % len(_WORDS)]
    said = {
        "joined": True,
        "consent": True,
        "available": True,
        "availability": [
            1 + (number % 5 == 0),
            number % 2,
            (number + 1) % 2,
            ["up"] if number % 3 else [],
            [],
        ],
        "sector": f"sector {number % 5}",
        "profession": f"profession {number % 3}",
        "place": f"place {number % 4}",
        "level": 1 + number % 7,
        "interests": [word],
        "need/n": f"help with {word}",
        "offer/o": f"years of {_WORDS[(number + 1) % len(_WORDS)]}",
    }
    facts = {name: Fact(value, _AT, "warming", name) for name, value in sorted(said.items())}
    return Member(_name(number), facts)


def _ties() -> dict[tuple[str, str], Tie]:
    """Rings of several widths: some met lately, some long ago."""
    found: dict[tuple[str, str], Tie] = {}
    for one, other in combinations(range(_PEOPLE), 2):
        if (apart := other - one) in (1, 2, 5):
            last = _AT - (apart - 1) * 200 * DAY_US
            pair = _name(one), _name(other)
            found[pair] = Tie(
                *pair, strength=Strength(3.0, last), contacts={"met": 3}, first=last, last=last,
                last_met=last,
            )  # fmt: skip
    return found


def _model() -> AnswerModel:
    leaves = Trees((0,), (0, -1, -1), (0, 0, 0), (1, 0, 0), (2, 0, 0), (0.0, -0.1, 0.1))
    nothing = (0.0,) * len(NAMES)
    line = Linear(centre=nothing, scale=(1.0,) * len(NAMES), weights=nothing)
    return AnswerModel(VERSION, "trees", linear=line, trees=leaves, mix=(1.0, 1.0, 0.0))
