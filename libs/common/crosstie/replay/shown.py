"""What platforms were shown: every suggestion id has one meaning, and every change of it one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from pydantic import ValidationError

from crosstie.instants import to_rfc3339
from crosstie.replay.book import Audit, Book
from crosstie.replay.history import History
from crosstie.replay.sources import Record
from crosstie.replay.tables import Snapshot
from crosstie.replay.telling import Telling
from crosstie.showing import shown_state
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged, SuggestionState

FINAL = frozenset(("withdrawn", "expired", "closed"))


class Step(NamedTuple):
    """A state that platforms see, and the round that brought it."""

    state: SuggestionState
    n: int
    time: str  # RFC 3339, of the round


@dataclass(slots=True)
class Seen:
    """What one topic said of one suggestion: seq -> state, digest of the bytes, time."""

    states: dict[int, str] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    times: dict[int, str] = field(default_factory=dict)
    meaning: tuple[object, ...] = ()
    people: list[tuple[str, str] | None] = field(default_factory=list)
    addressed: set[str] = field(default_factory=set)  # authorities of those it has sentences for


class Shown:
    """Takes every record of every suggestions topic."""

    def __init__(self) -> None:
        self.audit = Audit(
            "suggestions",
            "every suggestion id has one meaning, every change one record per platform",
        )
        self.seen: dict[tuple[str, str], Seen] = {}  # (platform, id)
        self._whole: dict[str, bool] = {}

    def play(self, platform: str, records: Iterable[Record]) -> None:
        """Records of one partition of one platform's topic, in order."""
        for record in records:
            self.audit.count("records")
            self._take(platform, record)

    def incomplete(self, platform: str) -> None:
        """Retention took records of that topic: what is not there any more is no fault."""
        self._whole[platform] = False
        self.audit.note(f"{platform}: older records are gone by retention")

    def close(self, history: History, snapshot: Snapshot) -> Book:
        """Compare with the rounds: nothing shown that was not decided, nothing decided and not shown."""
        self.audit.count("suggestions", len({id for _, id in self.seen}))
        courses, telling = _courses(history), Telling(history, snapshot)
        for (platform, id), seen in sorted(self.seen.items()):
            if (course := courses.get(id)) is None:
                self.audit.differs(f"{platform}: {id} was shown, and no round made it")
                continue
            if platform not in history.platforms.get(id, ()):
                self.audit.differs(f"{platform}: {id} was shown, and is not delivered there")
            self._decided(platform, id, seen, course)
            known = platform in snapshot.platforms  # of another, whoever it addressed was its own
            own = telling.authorities(platform) if known else seen.addressed
            for authority in sorted(seen.addressed - own):
                self.audit.differs(f"{platform}: {id} has sentences for somebody of {authority}")
            first = history.states[id][min(history.states[id])]
            self._named(platform, id, seen, [snapshot.people.get(each) for each in first.members])
        for id, course in sorted(courses.items()):
            due = [step for step in course if step.n <= snapshot.head.published_n]
            for platform in history.platforms.get(id, ()):
                self._expect(platform, id, due)
        for fault in telling.faults():
            self.audit.differs(fault)
        if telling.unknown:
            self.audit.note(
                f"{telling.unknown} deliveries are not judged: an authority changed hands at about the time "
                "of rounds that do not say when they were decided, since an earlier version did"
            )
        return self.audit.closed()

    def _take(self, platform: str, record: Record) -> None:
        where = f"{record.topic}-{record.partition}@{record.offset}"
        headers = dict(record.headers)
        try:
            data = SuggestionChanged.model_validate_json(record.value or b"")
        except ValidationError as error:
            self.audit.differs(f"{where}: {error.error_count()} fields are not as AsyncAPI says")
            return
        names = (
            (record.key or b"").decode(),
            headers.get("ce_id", b"").decode(),
            headers.get("ce_type", b"").decode(),
        )
        if names != (
            data.suggestion,
            f"{data.suggestion}/{data.seq}",
            SUGGESTION_TYPES[data.state],
        ):
            self.audit.differs(
                f"{where}: key, ce_id or ce_type are not those of {data.suggestion}/{data.seq}"
            )
        if data.state != "made" and "ce_crosstieround" in headers:
            self.audit.differs(f"{where}: names the round that brought {data.state}")
        self._note(platform, data, _digest(record), headers.get("ce_time", b"").decode())

    def _note(self, platform: str, data: SuggestionChanged, digest: bytes, time: str) -> None:
        seen = self.seen.setdefault((platform, data.suggestion), Seen())
        where = f"{platform}: {data.suggestion}/{data.seq}"
        meaning = (data.kind, data.round, data.cross_sector, len(data.members), data.policy)
        people = [
            None if each.person is None else (each.person.authority, each.person.id)
            for each in data.members
        ]
        if data.seq in seen.digests:
            self.audit.count("repeated")
            same = seen.digests[data.seq] == digest
            self.audit.differs(f"{where}: once more{'' if same else ' with other bytes'}")
            return
        if seen.states:
            last = max(seen.states)
            if data.seq < last:
                self.audit.differs(f"{where}: first shown after seq {last}")
            if seen.states[last] in FINAL:
                self.audit.differs(f"{where}: {data.state} after {seen.states[last]}")
            if meaning != seen.meaning or any(
                one is not None and other is not None and one != other
                for one, other in zip(people, seen.people, strict=False)
            ):
                self.audit.differs(f"{where}: means something else than seq {last}")
        seen.addressed |= {
            each.person.authority
            for each in data.members
            if each.explanation and each.person is not None
        }
        seen.meaning = meaning
        seen.people = people if not seen.people else seen.people
        seen.states[data.seq] = data.state
        seen.digests[data.seq] = digest
        seen.times[data.seq] = time

    def _decided(self, platform: str, id: str, seen: Seen, course: list[Step]) -> None:
        for seq, state in seen.states.items():
            if not 1 <= seq <= len(course):
                self.audit.differs(f"{platform}: {id}/{seq} was shown, and no round decided it")
            elif course[seq - 1].state != state:
                self.audit.differs(
                    f"{platform}: {id}/{seq} is shown as {state}, "
                    f"decided as {course[seq - 1].state}"
                )
            elif course[seq - 1].time != seen.times[seq]:
                self.audit.differs(
                    f"{platform}: {id}/{seq} is shown as {state} at {seen.times[seq]}, "
                    f"decided at {course[seq - 1].time}"
                )

    def _named(
        self, platform: str, id: str, seen: Seen, members: list[tuple[str, str] | None]
    ) -> None:
        if None not in members and None not in seen.people and set(members) != set(seen.people):
            self.audit.differs(f"{platform}: {id} names other people than the round that made it")

    def _expect(self, platform: str, id: str, due: list[Step]) -> None:
        if not self._whole.get(platform, True):
            return
        seen = self.seen.get((platform, id))
        if due and seen is None:
            self.audit.differs(f"{platform}: {id} was never shown")
            return
        for seq, step in enumerate(due, 1):
            if seen is not None and seq in seen.states:
                self.audit.count("told")
            else:
                self.audit.differs(f"{platform}: {id} is {step.state}, and that was never shown")


def _courses(history: History) -> Mapping[str, list[Step]]:
    """The states that platforms must have seen of every suggestion, in order; seq counts them."""
    courses: dict[str, list[Step]] = {}
    for round in history.rounds:
        for change in round.changes:
            course = courses.setdefault(change.suggestion.id, [])
            state = shown_state(change.suggestion, change.cause)
            if not course or course[-1].state != state:
                course.append(Step(state, round.n, to_rfc3339(round.at)))
    return courses


def _digest(record: Record) -> bytes:
    headers = b"\0".join(name.encode() + b"=" + value for name, value in sorted(record.headers))
    return blake2b(headers + b"\0\0" + (record.value or b""), digest_size=16).digest()
