"""Which answers train and which are foretold, when each was asked for, and where both are known.

Beside contacts a set holds `suggested` (either order is the same pair), and `accepted` or `declined`:
source said yes or no to target. The first 70 % of the answers in time train, in order of the file
where times are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crosstie.errors import Misconfigured
from crosstie.evaluate import times
from crosstie.evaluate.dataset import Dataset
from crosstie.evaluate.protocol import TRAIN, tie_events
from crosstie.matching.answers.learning import LEAST
from crosstie.matching.arrays import Bools, Ints

SUGGESTED, ACCEPTED, DECLINED = "suggested", "accepted", "declined"
NO_CONTACT = frozenset((SUGGESTED, ACCEPTED, DECLINED))

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """by[k] said yes or no to about[k], in order of time; members by index, times in microseconds."""

    by: Ints
    about: Ints
    yes: Bools
    at: Ints
    asked: Ints  # when the pair was suggested; when it was answered, where that is not told

    def __len__(self) -> int:
        return len(self.by)

    def __getitem__(self, part: slice) -> Answers:
        return Answers(
            self.by[part], self.about[part], self.yes[part], self.at[part], self.asked[part]
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Suggestions of which is known whether both accepted: a no by one side alone tells it too."""

    one: Ints
    other: Ints
    yes: Bools
    asked: Ints


@dataclass(frozen=True, slots=True)
class Recorded:
    """The first `training` of `answers` train; `pairs` became known later. Contacts are by event."""

    start: int
    contacts: Ints
    contacts_at: Ints
    answers: Answers
    training: int
    pairs: Pairs
    without_suggestion: int

    @property
    def past(self) -> Answers:
        return self.answers[: self.training]

    @property
    def later(self) -> Answers:
        return self.answers[self.training :]


@dataclass(slots=True)
class _Case:
    """One suggestion of a pair: which of the two said what, by number of the answer."""

    asked: int
    said: dict[int, bool] = field(default_factory=dict)
    last: int = 0

    @property
    def declined(self) -> bool:
        return not all(self.said.values())

    @property
    def known(self) -> bool:
        return len(self.said) == 2 or self.declined


def recorded(data: Dataset, *, train: float = TRAIN) -> Recorded:
    """The answers of a set. Raises Misconfigured where they are too few to learn from."""
    if data.meta.bipartite:
        raise Misconfigured(
            f"{data.name} joins people with things; this foretells answers of people to people"
        )
    contacts = [i for i in tie_events(data) if data.events[i].kind not in NO_CONTACT]
    others = [
        i
        for i, each in enumerate(data.events)
        if each.kind in NO_CONTACT and each.source != each.target
    ]
    used = np.array(sorted({*contacts, *others}), dtype=np.int64)
    when = np.array(times.moments(data, used.tolist()), dtype=np.int64)
    is_contact = np.isin(used, contacts)
    order = np.argsort(when[~is_contact], kind="stable")
    answers, cases, bare = _told(data, used[~is_contact][order], when[~is_contact][order])
    training = int(len(answers) * train + 1e-9)
    _enough(data.name, len(answers), training, train)
    decided = [each for each in cases if each.known and each.last >= training]
    return Recorded(
        start=int(when.min()),
        contacts=used[is_contact],
        contacts_at=when[is_contact],
        answers=answers,
        training=training,
        pairs=_pairs(decided, answers),
        without_suggestion=bare,
    )


def _enough(name: str, count: int, training: int, train: float) -> None:
    if count == 0:
        raise Misconfigured(
            f"{name} has 0 answers (events of kind {ACCEPTED} or {DECLINED}), must be enough that "
            f"{LEAST} train; see docs/evaluate.md for what a set holds, or try --task ties"
        )
    if training < LEAST:
        raise Misconfigured(
            f"{name} has {count} answers, of which {training} train (--train {train:g}), must be at "
            f"least {LEAST}: fewer teach nothing; add answers or raise --train"
        )


def _told(data: Dataset, events: Ints, times: Ints) -> tuple[Answers, list[_Case], int]:
    """Of suggestions and answers in order of time; how many of these no suggestion preceded."""
    suggested: dict[Pair, int] = {}
    current: dict[Pair, _Case] = {}
    rows: list[tuple[int, int, bool, int, int]] = []
    cases, bare = [], 0
    for number, at in zip(events.tolist(), times.tolist(), strict=True):
        each = data.events[number]
        pair = min(each.source, each.target), max(each.source, each.target)
        case = current.get(pair)
        if each.kind == SUGGESTED:
            suggested[pair] = at
            if case is not None and case.declined:  # over: this asks anew
                del current[pair]
            continue
        asked = suggested.get(pair, at)
        bare += pair not in suggested
        if case is None or each.source in case.said:
            case = current[pair] = _Case(asked)
            cases.append(case)
        case.said[each.source] = each.kind == ACCEPTED
        case.last = len(rows)
        rows.append((each.source, each.target, each.kind == ACCEPTED, at, asked))
    by, about, yes, when, asked_at = np.array(rows, dtype=np.int64).reshape(-1, 5).T.copy()
    return Answers(by, about, yes.astype(np.bool_), when, asked_at), cases, bare


def _pairs(cases: list[_Case], answers: Answers) -> Pairs:
    last = np.array([each.last for each in cases], dtype=np.int64)
    return Pairs(
        one=answers.by[last],
        other=answers.about[last],
        yes=np.array([not each.declined for each in cases], dtype=np.bool_),
        asked=np.array([each.asked for each in cases], dtype=np.int64),
    )
