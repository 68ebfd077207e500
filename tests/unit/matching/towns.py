"""People and ties for the matcher's tests, stated briefly."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crosstie.matching import base, policy
from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.model import Change, Suggestion
from crosstie.matching.occasion import Occasion
from crosstie.matching.step import step
from crosstie.network.state import Fact, Member, Reply, Row, Tie, member_key, tie_key
from crosstie.network.strength import DAY_US, Strength
from crosstie.network.view import Network

START = 1_700_000_000_000_000
POLICY = policy.load(policy.DEFAULT)
SECTORS = ("health", "housing", "education", "prisons", "voluntary", "police", "councils", "care")
PROFESSIONS = ("nurse", "doctor", "manager", "teacher", "social worker", "officer")
TOPICS = (
    "discharge planning", "shift rotas", "winter pressure", "data sharing agreements", "grant bids",
    "safeguarding referrals", "staff retention", "volunteer training", "street homelessness",
    "budget cuts", "digital records", "night cover", "complaints handling", "school nursing",
)  # fmt: skip


def member(
    subject: str,
    *,
    weekly: int = 2,
    mentors: int = 0,
    mentees: int = 0,
    wishes: tuple[Iterable[str], Iterable[str]] = ((), ()),
    since: int = START - 60 * DAY_US,
    **facts: Any,
) -> Member:
    """An eligible member; `facts` by name, `needs` and `offers` as item -> text."""
    said = {
        "joined": True,
        "consent": True,
        "availability": [weekly, mentors, mentees, list(wishes[0]), list(wishes[1])],
        "available": True,
    }
    said |= {f"need/{item}": text for item, text in facts.pop("needs", {}).items()}
    said |= {f"offer/{item}": text for item, text in facts.pop("offers", {}).items()}
    said |= facts
    return Member(
        subject, {name: Fact(value, since, "test", name) for name, value in sorted(said.items())}
    )


def tie(
    one: str,
    other: str,
    *,
    last: int = START - DAY_US,
    contacts: int = 3,
    large_gathering: bool = False,
    **more: Any,
) -> Tie:
    """Two people who met `contacts` times, lately at `last`."""
    a, b = sorted((one, other))
    seen = {"co-attended" if large_gathering else "met": contacts} if contacts else {}
    times: dict[str, Any] = {"first": last, "last": last} if contacts else {}
    if not large_gathering:
        times |= {"last_met": times.get("last")}
    strength = Strength(float(contacts), last) if contacts else Strength()
    return Tie(a, b, strength=strength, contacts=seen, **times, **more)


def fact(value: Any, at: int = START) -> Fact:
    return Fact(value, at, "test", "fact")


def rows(*stated: Row) -> dict[str, Row]:
    return {
        member_key(row.subject) if isinstance(row, Member) else tie_key(row.a, row.b): row
        for row in stated
    }


@dataclass(frozen=True)
class Town:
    """A network and its ledger, moved on by rounds."""

    rows: Mapping[str, Row]
    ledger: Ledger = EMPTY
    at: int = START
    n: int = 0
    changes: tuple[Change, ...] = ()  # of the last round
    notes: dict[str, int] = field(default_factory=dict)
    policy: policy.Policy = POLICY

    @property
    def network(self) -> Network:
        return Network.of(self.rows)

    def round(
        self,
        days: float = 0,
        *,
        serve: frozenset[str] | None = None,
        touched: frozenset[str] | None = None,
        seed: int = 7,
    ) -> Town:
        at = self.at + int(days * DAY_US)
        network = self.network
        ledger, changes, notes = step(
            network,
            self.ledger,
            base.fit(network, self.policy, at),
            self.policy,
            Occasion(
                n=self.n + 1,
                at=at,
                seed=seed,
                deployment="test",
                policy_digest="digest",
                serve=serve,
                touched=touched,
            ),
        )
        return replace(self, ledger=ledger, at=at, n=self.n + 1, changes=changes, notes=notes)

    def with_rows(self, *stated: Row) -> Town:
        return replace(self, rows={**self.rows, **rows(*stated)})

    def without(self, subject: str) -> Town:
        return replace(
            self, rows={key: row for key, row in self.rows.items() if key != member_key(subject)}
        )

    def answered(self, suggestion: Suggestion, *answers: tuple[int, str], days: float = 0) -> Town:
        """Answers (side, answer) given `days` after now."""
        one, other = sorted(suggestion.members)
        known = self.rows.get(tie_key(one, other)) or Tie(one, other)
        assert isinstance(known, Tie)
        at = self.at + int(days * DAY_US)
        new = tuple(
            Reply(
                at + k,
                "test",
                f"{suggestion.id}/{k}",
                suggestion.id,
                suggestion.members[side],
                what,
            )
            for k, (side, what) in enumerate(answers)
        )
        replies = tuple(sorted(known.replies + new))
        return self.with_rows(Tie(one, other, **{**_fields(known), "replies": replies}))

    @property
    def made(self) -> list[Suggestion]:
        return [change.suggestion for change in self.changes if change.cause == "made"]

    @property
    def causes(self) -> list[str]:
        return [change.cause for change in self.changes]


def _fields(tie: Tie) -> dict[str, Any]:
    return {name: getattr(tie, name) for name in tie.__struct_fields__ if name not in {"a", "b"}}


def locality(people: int, ties: int, seed: int = 1) -> dict[str, Row]:
    """A random locality: sectors, levels, line managers, needs, offers, clustered ties."""
    draw = random.Random(seed)
    names = [f"P{i:015d}" for i in range(people)]
    stated: list[Row] = []
    for i, name in enumerate(names):
        level = min(1 + int(draw.expovariate(0.6)), 7)
        stated.append(
            member(
                name,
                weekly=draw.choice((0, 1, 2, 2, 3)),
                mentors=draw.choice((0, 0, 1)),
                mentees=draw.choice((0, 0, 2)) if level > 2 else 0,
                sector=SECTORS[i % len(SECTORS)],
                profession=draw.choice(PROFESSIONS),
                role=f"role {draw.randrange(40)}",
                place=f"place {draw.randrange(6)}",
                level=level,
                reports_to=draw.choice(names) if level < 7 else None,
                interests=draw.sample(TOPICS, 3),
                needs={"n": draw.choice(TOPICS)} if draw.random() < 0.4 else {},
                offers={"o": draw.choice(TOPICS)} if draw.random() < 0.4 else {},
                wishes=(draw.choice(((), ("up",), ("down", "across"))), ()),
            )
        )
    known: set[tuple[str, str]] = set()
    while len(known) < min(ties, people * (people - 1) // 4):
        i = draw.randrange(people)
        j = (
            (i + len(SECTORS) * draw.randrange(1, 20))
            if draw.random() < 0.7
            else draw.randrange(people)
        )
        one, other = sorted((names[i], names[j % people]))
        if one != other and (one, other) not in known:
            known.add((one, other))
            days = draw.expovariate(1 / 60)
            stated.append(
                tie(one, other, last=START - int(days * DAY_US), contacts=draw.randint(1, 9))
            )
    return rows(*stated)


def two(one: Member, other: Member, *more: Row) -> list[Suggestion]:
    return Town(rows(one, other, *more)).round().made
