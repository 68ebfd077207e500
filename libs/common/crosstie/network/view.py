"""One snapshot of the network, and what spans its keys: neighbours, mutual contacts, eligibility.

A row is folded alone, so a tie may name someone unknown, paused or erased: that is settled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from crosstie.layered import layered
from crosstie.network.rows import Rows, Ties
from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.pairing import Others, others_after, others_of


@dataclass(frozen=True)  # no slots: indices are cached on the snapshot
class Network:
    """Members by subject, ties by (a, b) with a < b; never changed once made."""

    members: Mapping[str, Member]
    ties: Mapping[tuple[str, str], Tie]

    @classmethod
    def of(cls, rows: Mapping[str, Row]) -> Network:
        """The network that `rows` (by key, in any order) describe."""
        if isinstance(rows, Rows):
            return cls(rows.members, rows.ties)
        members: dict[str, Member] = {}
        ties: dict[tuple[str, str], Tie] = {}
        for row in rows.values():
            if isinstance(row, Member):
                members[row.subject] = row
            else:
                ties[row.a, row.b] = row
        return cls(members, ties)

    def after(self, rows: Mapping[str, Row], touched: Iterable[str]) -> Network:
        """The network of `rows`, which differ from this one's at most in the keys `touched`."""
        names = [key.split("/")[1:] for key in touched]
        people = {each[0] for each in names if len(each) == 1}
        pairs = [(each[0], each[1]) for each in names if len(each) == 2]
        if isinstance(rows, Rows):
            after = Network(rows.members, rows.ties)
        else:
            members: dict[str, Any] = {each: rows.get(member_key(each)) for each in people}
            ties: dict[tuple[str, str], Any] = {pair: rows.get(tie_key(*pair)) for pair in pairs}
            after = Network(layered(self.members, members), layered(self.ties, ties))
        # what follows is known already: no look at everyone, nor at every tie
        now = {pair: after.ties.get(pair) for pair in pairs}
        replies = {
            pair: tie if tie is not None and tie.replies else None
            for pair, tie in now.items()
            if pair in self.answers or (tie is not None and tie.replies)
        }
        after.__dict__["answers"] = layered(self.answers, replies) if replies else self.answers
        came = [pair for pair, tie in replies.items() if tie and pair not in self.answers]
        went = [pair for pair, tie in replies.items() if not tie]
        after.__dict__["answering"] = others_after(self.answering, came, went)
        barred = {
            pair: True if tie is not None and tie.blocked else None
            for pair, tie in now.items()
            if (tie is not None and tie.blocked) != (pair in self.blocks)
        }
        after.__dict__["blocks"] = layered(self.blocks, barred) if barred else self.blocks
        subjects = self.subjects
        moved = {each for each in people if (each in self.members) != (each in after.members)}
        if moved:
            kept = (subject for subject in subjects if subject not in moved)
            subjects = tuple(sorted((*kept, *(moved & after.members.keys()))))
        after.__dict__["subjects"] = subjects
        return after

    def among(self, subjects: Iterable[str]) -> Network:
        """This, where nobody but `subjects` is known: quick to ask much of few."""
        known = {each: self.members.get(each) for each in subjects}
        few = Network({each: row for each, row in known.items() if row is not None}, self.ties)
        few.__dict__["blocks"] = self.blocks
        return few

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Every known subject, ascending: a member's place here is their index in arrays."""
        return tuple(sorted(self.members))

    @cached_property
    def contacts(self) -> tuple[Tie, ...]:
        """Ties with contact between two known people, ascending by (a, b); blocked ones are none."""
        members = self.members
        found = [
            (pair, tie)
            for pair, tie in self.ties.items()
            if tie.contact and not tie.blocked and pair[0] in members and pair[1] in members
        ]
        return tuple(tie for _, tie in sorted(found, key=itemgetter(0)))

    @cached_property
    def answers(self) -> Mapping[tuple[str, str], Tie]:
        """Ties that hold answers to suggestions, by (a, b)."""
        if isinstance(self.ties, Ties):
            return {(tie.a, tie.b): tie for tie in self.ties.replied()}
        return {pair: tie for pair, tie in self.ties.items() if tie.replies}

    @cached_property
    def answering(self) -> Others:
        """By member, with whom they have a tie that holds answers."""
        return others_of(self.answers)

    @cached_property
    def blocks(self) -> Mapping[tuple[str, str], bool]:
        """Pairs, as (a, b), one of whom wants no suggestion with the other; True for each."""
        if isinstance(self.ties, Ties):
            return dict.fromkeys(self.ties.blocked(), True)
        return {pair: True for pair, tie in self.ties.items() if tie.blocked}

    @cached_property
    def _neighbours(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for tie in self.contacts:
            if not tie.met:
                continue
            found.setdefault(tie.a, []).append(tie.b)
            found.setdefault(tie.b, []).append(tie.a)
        return {subject: tuple(sorted(others)) for subject, others in found.items()}

    def neighbours(self, subject: str) -> tuple[str, ...]:
        """Whom `subject` has met, who is known and not erased; none that blocked or is blocked."""
        return self._neighbours.get(subject, ())

    def mutual(self, one: str, other: str) -> tuple[str, ...]:
        """Whom both have met, ascending."""
        return tuple(sorted({*self.neighbours(one)} & {*self.neighbours(other)}))

    def tie(self, one: str, other: str) -> Tie | None:
        """What the two had to do with each other, whichever comes first."""
        return self.ties.get((one, other) if one < other else (other, one))

    def eligible(self, subject: str) -> bool:
        """Known, joined, consenting and not paused."""
        member = self.members.get(subject)
        return member is not None and member.eligible

    def present(self, subject: str) -> bool:
        """Joined and consenting, paused or not: others may be told of them."""
        member = self.members.get(subject)
        return member is not None and member.present

    def nameable(self, subject: str, *others: str) -> bool:
        """May be named to `others` as someone whom all of them know: no block with any, not paused."""
        return self.eligible(subject) and not any(self.blocked(subject, each) for each in others)

    def blocked(self, one: str, other: str) -> bool:
        """Either of the two wants no suggestion with the other."""
        return ((one, other) if one < other else (other, one)) in self.blocks

    def reporting(self, one: str, other: str) -> bool:
        """One of the two is the other's line manager."""
        members = self.members
        return any(
            who in members and members[who].reports_to == whom
            for who, whom in ((one, other), (other, one))
        )
