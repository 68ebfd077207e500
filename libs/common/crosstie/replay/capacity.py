"""Nobody was over capacity when a suggestion was made: counted anew, with none of the matcher's code.

Nor were two suggested to each other for the same end while an earlier suggestion of it lives.

Free introductions = weekly rate - max(open, made in the last 7 days). A mentoring holds its slot
from suggestion until declined, expired, withdrawn or ended, and the policy says how many a week.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from crosstie.matching.model import FINAL, Round, Suggestion
from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.network.strength import DAY_US
from crosstie.replay.book import Audit

WEEK_US = 7 * DAY_US


class Capacity:
    """Checks rounds in order, each against the rows at its own offsets."""

    def __init__(self, policies: Mapping[str, bytes]) -> None:
        """`policies`: their bytes by digest."""
        self._policies = policies
        self.audit = Audit(
            "capacity", "nobody was over capacity, paused or blocked when a suggestion was made"
        )
        self._live: dict[str, dict[str, Suggestion]] = {}  # subject -> id -> not final
        self._made: dict[str, list[int]] = {}  # subject -> when introductions were made
        self._mentorings: dict[str, list[int]] = {}  # subject -> when mentorings were suggested

    def check(self, round: Round, rows: Mapping[str, Row], unknown: Collection[str]) -> None:
        """`rows` at round.offsets; subjects of `unknown` were erased since: what they set is gone."""
        made = [each.suggestion for each in round.changes if each.cause == "made"]
        for change in round.changes:
            if change.cause != "made":
                self._hold(change.suggestion)
        for suggestion in made:
            self._hold(suggestion)
            for subject in suggestion.members:
                mentoring = suggestion.kind == "mentoring"
                counted = self._mentorings if mentoring else self._made
                counted.setdefault(subject, []).append(round.at)
        for suggestion in made:
            self.audit.count("made")
            self._check_pair(round, suggestion, rows)
        for subject in sorted({subject for each in made for subject in each.members}):
            if subject in unknown:
                self.audit.count("of people erased since")
            else:
                self.audit.count("people")
                self._check_person(round, subject, rows.get(member_key(subject)))

    def _hold(self, suggestion: Suggestion) -> None:
        for subject in suggestion.members:
            theirs = self._live.setdefault(subject, {})
            if suggestion.state in FINAL:
                theirs.pop(suggestion.id, None)
            else:
                theirs[suggestion.id] = suggestion

    def _check_pair(self, round: Round, suggestion: Suggestion, rows: Mapping[str, Row]) -> None:
        tie = rows.get(tie_key(*suggestion.members))
        if isinstance(tie, Tie) and tie.blocked:
            self.audit.differs(
                f"round {round.n}: {suggestion.id} is between two of whom one blocked the other"
            )
        one, *others = suggestion.members
        for other in sorted(self._live.get(one, {}).values(), key=lambda each: each.id):
            if other.id == suggestion.id or other.kind != suggestion.kind:
                continue
            if set(others) <= set(other.members):
                self.audit.differs(
                    f"round {round.n}: {suggestion.id} means the same as {other.id}, which lives"
                )

    def _check_person(self, round: Round, subject: str, member: Row | None) -> None:
        where = f"round {round.n}: {subject}"
        if not isinstance(member, Member) or not member.eligible:
            self.audit.differs(f"{where} was suggested, and is not eligible")
            return
        given, theirs = member.availability, self._live.get(subject, {}).values()
        open_now = sum(1 for each in theirs if each.kind != "mentoring" and each.state == "open")
        week = sum(1 for at in self._made.get(subject, ()) if at > round.at - WEEK_US)
        new = any(each.round == round.n for each in theirs if each.kind != "mentoring")
        if new and max(open_now, week) > given.introductions_per_week:
            self.audit.differs(
                f"{where} has {open_now} open and {week} made in 7 days, "
                f"of {given.introductions_per_week} a week"
            )
        self._check_pace(round, subject, where)
        for side, offered in ((0, given.mentees_offered), (1, given.mentors_wanted)):
            held = [
                each
                for each in theirs
                if each.kind == "mentoring" and each.members[side] == subject
            ]
            if len(held) > offered and any(each.round == round.n for each in held):
                what = "mentees" if side == 0 else "mentors"
                self.audit.differs(f"{where} has {len(held)} {what}, of {offered}")

    def _check_pace(self, round: Round, subject: str, where: str) -> None:
        when = self._mentorings.get(subject, ())
        if round.at not in when or round.policy not in self._policies:
            return  # a policy that is not kept is a matter of the book of rounds
        most = json.loads(self._policies[round.policy])["mentoring"]["most_a_week"]
        week = sum(1 for at in when if at > round.at - WEEK_US)
        if week > most:
            self.audit.differs(f"{where} has {week} mentorings made in 7 days, of {most} a week")
