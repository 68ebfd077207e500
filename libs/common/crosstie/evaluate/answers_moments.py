"""What the matcher knew when it suggested: network and ledger, folded up to some forty moments.

What was asked between two of these moments is taken to be asked at the earlier: it is seen with what
happened strictly before that, and so with nothing that came after it was asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crosstie.evaluate import told
from crosstie.evaluate.answers_protocol import Answers, Recorded
from crosstie.evaluate.dataset import Dataset
from crosstie.matching.answers.model import AnswerModel
from crosstie.matching.arrays import Ints
from crosstie.matching.base import Base
from crosstie.matching.graph import Graph, led
from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.model import Change, Suggestion
from crosstie.matching.people import People, columns
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.scoring import Scored, scorer
from crosstie.network.fold import fold_all
from crosstie.network.state import Row
from crosstie.network.view import Network

MOST_MOMENTS = 40


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a round at `at` would read; index i is row i of members.csv."""

    at: int
    network: Network
    people: People
    graph: Graph
    ledger: Ledger

    def score(
        self, one: Ints, other: Ints, policy: Policy, model: AnswerModel | None = None
    ) -> Scored:
        """What the matcher makes of introductions between one[k] and other[k]."""
        answered = scorer(self.people, self.graph, self.ledger, policy, self.at, model)
        return answered.score(one, other, mentoring=False)


def begins(asked: Ints) -> Ints:
    """For each the moment to which it is taken: of as many answers each, where times allow."""
    moments, group, count = np.unique(asked, return_inverse=True, return_counts=True)
    if len(moments) <= MOST_MOMENTS:
        return asked
    before = np.cumsum(count) - count
    part = before * MOST_MOMENTS // len(asked)
    _, first = np.unique(part, return_index=True)
    taken = moments[first][np.searchsorted(first, np.arange(len(moments)), side="right") - 1]
    return np.asarray(taken[group])


def moments(data: Dataset, record: Recorded, when: Ints) -> Iterator[Moment]:
    """The state of things at each of `when`, ascending: what happened strictly before."""
    base, ledger = Base(), EMPTY
    rows: dict[str, Row] = {}
    prepared = Prepared.of(Network.of(rows))
    about = list(told.members(data, record.start))  # known from the beginning
    met = list(told.contacts(data, record.contacts, record.contacts_at.tolist()))
    events, happened = [*about, *met], np.array([each.time for each in met], dtype=np.int64)
    done, since = 0, int(np.iinfo(np.int64).min)
    for at in when.tolist():
        upto = len(about) + int(np.searchsorted(happened, at))
        after = fold_all(rows, events[done:upto])
        rows.update({key: row for key, row in after.items() if row is not None})
        prepared, done = prepared.after(rows, after), upto
        ledger = ledger.after(_answered(record.answers, since, at), at)
        people = columns(prepared.network, base, prepared.profiles)
        ties = led(*prepared.contacts.between(people.index), people.eligible, at)
        yield Moment(at, prepared.network, people, ties, ledger)
        since = at


def _answered(answers: Answers, since: int, until: int) -> Iterator[Change]:
    """The answers from `since` to before `until` as a round takes note of them.

    Each ends a suggestion of its own: what else is open is not told, and counts for nobody's time.
    """
    first, last = np.searchsorted(answers.at, (since, until)).tolist()
    for number in range(first, last):
        by, about = (told.subject(int(each[number])) for each in (answers.by, answers.about))
        yes = bool(answers.yes[number])
        suggestion = Suggestion(
            id=str(number),
            kind="introduction",
            members=(min(by, about), max(by, about)),
            directions=("across", "across"),
            cross_sector=False,
            round=0,
            made_at=int(answers.asked[number]),
            expires_at=until,
            state="ended" if yes else "declined",
            accepted_by=(by,) if yes else (),
            declined_by=() if yes else (by,),
        )
        yield Change(suggestion, "accepted" if yes else "declined")
