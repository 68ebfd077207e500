"""`step`: one round. Settles what happened, then makes new suggestions. Pure.

The same input gives the same bytes, whatever the order of its maps.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from crosstie.matching import choosing
from crosstie.matching.base import Base
from crosstie.matching.choosing import Choice
from crosstie.matching.closeness import nearest
from crosstie.matching.ledger import Ledger
from crosstie.matching.making import Maker
from crosstie.matching.market import Market, market
from crosstie.matching.model import Change
from crosstie.matching.pacing import freed_by_time, slots
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.scoring import scorer
from crosstie.matching.settle import settle
from crosstie.matching.unheeded import ignored
from crosstie.network.view import Network


@dataclass(frozen=True, slots=True)
class Course:
    """A round as far as it is chosen what to make: what `step` turns into decisions."""

    settled: Ledger
    happened: tuple[Change, ...]
    notes: Counter[str]
    choices: tuple[Choice, ...] = ()
    trade: Market | None = None  # None: nobody it serves has a free slot
    maker: Maker | None = None  # None: there is nothing to make

    def made(self) -> tuple[Change, ...]:
        """The chosen pairs as suggestions, ascending by id."""
        if self.maker is None:
            return ()
        made = (change for choice in self.choices for change in self.maker.made(choice))
        return tuple(sorted(made, key=lambda change: change.suggestion.id))


def step(
    network: Network,
    ledger: Ledger,
    base: Base,
    policy: Policy,
    *,
    at: int,
    seed: int,
    n: int,
    deployment: str,
    policy_digest: str,
    serve: frozenset[str] | None,
    prepared: Prepared | None = None,
    settle_only: bool = False,
    touched: frozenset[str] | None = None,
) -> tuple[Ledger, tuple[Change, ...], dict[str, int]]:
    """The ledger after round `n`, its decisions in order, and counts.

    `serve` names whom to find suggestions for (None: everyone); members whose slot was freed by
    time or by settlement since the last round are added here. `prepared`, of this network, saves
    reading all of it again, and changes nothing. A round that is `settle_only` makes nothing.
    `touched`: keys of all rows that may differ since the last settlement of `ledger` (None: any);
    it saves looking at all others, and changes nothing.
    """
    found = course(
        network,
        ledger,
        base,
        policy,
        at=at,
        seed=seed,
        n=n,
        deployment=deployment,
        policy_digest=policy_digest,
        serve=serve,
        prepared=prepared,
        settle_only=settle_only,
        touched=touched,
    )
    changes = found.made()
    notes = dict(found.notes)
    if serve is None:  # it looks at every answer there is
        notes |= ignored(network, found.settled, at)
    after = found.settled.after(changes, at) if found.maker else found.settled
    return after, (*found.happened, *changes), dict(sorted(notes.items()))


def course(
    network: Network,
    ledger: Ledger,
    base: Base,
    policy: Policy,
    *,
    at: int,
    seed: int,
    n: int,
    deployment: str,
    policy_digest: str,
    serve: frozenset[str] | None,
    prepared: Prepared | None = None,
    settle_only: bool = False,
    touched: frozenset[str] | None = None,
    whole: bool = False,
) -> Course:
    """The round that `step` takes, until suggestions are made of what was chosen.

    `whole`: with the pairs that were not chosen too, which take much memory.
    """
    settled, happened = settle(network, ledger, policy, at, touched)
    notes: Counter[str] = Counter(
        f"settled.{change.cause.replace(':', '.')}" for change in happened
    )
    if settle_only:
        return Course(settled, happened, notes)
    if serve is not None:
        freed = (subject for change in happened for subject in change.suggestion.members)
        serve = serve.union(freed_by_time(ledger, at), freed)
        if not any(any(slots(network, settled, policy, subject, at)) for subject in serve):
            return Course(settled, happened, notes)
    ready = prepared or Prepared.of(network)
    people, ties = ready.shown(base, at)
    trade = market(network, settled, policy, people, ties, at=at, seed=seed, serve=serve)
    close = nearest(ready, base, trade, settled, policy)
    score = scorer(people, ties, settled, policy, at, base.answers, close)
    mentoring = choosing.mentorings(trade, score, policy, notes)
    if not whole:
        mentoring = mentoring.part(mentoring.chosen)
    others = choosing.introductions(trade, score, settled, policy, mentoring, notes)
    choices = (mentoring, *(each if whole else each.part(each.chosen) for each in others))
    notes["served"] = int(np.count_nonzero(trade.served & trade.people.eligible))
    maker = Maker(network, score, policy, policy_digest, deployment, n, at)
    return Course(settled, happened, notes, choices, trade, maker)
