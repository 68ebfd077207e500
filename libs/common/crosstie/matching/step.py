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
from crosstie.matching.flows import Solver, solved
from crosstie.matching.ledger import Ledger
from crosstie.matching.making import Maker
from crosstie.matching.market import Market, market
from crosstie.matching.model import Change
from crosstie.matching.occasion import Occasion
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
    occasion: Occasion,
    prepared: Prepared | None = None,
    solve: Solver = solved,
) -> tuple[Ledger, tuple[Change, ...], dict[str, int]]:
    """The ledger after the round, its decisions in order, and counts.

    `prepared`, of this network, saves reading all of it again, and changes nothing; nor does `solve`,
    the port of what takes long: where assignments are solved.
    """
    found = course(network, ledger, base, policy, occasion, prepared, solve)
    changes = found.made()
    notes = dict(found.notes)
    if occasion.serve is None:  # it looks at every answer there is
        notes |= ignored(network, found.settled, occasion.at)
    after = found.settled.after(changes, occasion.at) if found.maker else found.settled
    return after, (*found.happened, *changes), dict(sorted(notes.items()))


def course(
    network: Network,
    ledger: Ledger,
    base: Base,
    policy: Policy,
    occasion: Occasion,
    prepared: Prepared | None = None,
    solve: Solver = solved,
    *,
    whole: bool = False,
) -> Course:
    """The round that `step` takes, until suggestions are made of what was chosen.

    `whole`: with the pairs that were not chosen too, which take much memory.
    """
    at, serve = occasion.at, occasion.serve
    settled, happened = settle(network, ledger, policy, at, occasion.touched)
    notes: Counter[str] = Counter(
        f"settled.{change.cause.replace(':', '.')}" for change in happened
    )
    if occasion.settle_only:
        return Course(settled, happened, notes)
    if serve is not None:
        freed = (subject for change in happened for subject in change.suggestion.members)
        serve = serve.union(freed_by_time(ledger, at), freed)
        if not any(any(slots(network, settled, policy, subject, at)) for subject in serve):
            return Course(settled, happened, notes)
    ready = prepared or Prepared.of(network)
    people, ties = ready.shown(base, at)
    trade = market(network, settled, policy, people, ties, at=at, seed=occasion.seed, serve=serve)
    close = nearest(ready, base, trade, settled, policy)
    score = scorer(people, ties, settled, policy, at, base.answers, close)
    mentoring = choosing.mentorings(trade, score, policy, notes, solve)
    if not whole:
        mentoring = mentoring.part(mentoring.chosen)
    others = choosing.introductions(
        trade, score, settled, policy, mentoring, notes, solve=solve, whole=whole
    )
    choices = (mentoring, *(each if whole else each.part(each.chosen) for each in others))
    notes["served"] = int(np.count_nonzero(trade.served & trade.people.eligible))
    maker = Maker(network, score, policy, occasion)
    return Course(settled, happened, notes, choices, trade, maker)
