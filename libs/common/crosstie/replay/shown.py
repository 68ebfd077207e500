"""What platforms were shown: every suggestion id has one meaning, and every change of it one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from pydantic import ValidationError

from crosstie.matching.model import Suggestion
from crosstie.replay.book import Audit, Book
from crosstie.replay.history import History
from crosstie.replay.sources import Record
from crosstie.replay.tables import Snapshot
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged

FINAL = frozenset(("withdrawn", "expired", "closed"))
SHOWN_AS = {
    "open": "made",
    "accepted": "accepted",
    "met": "closed",
    "declined": "closed",
    "ended": "closed",
    "withdrawn": "withdrawn",
    "expired": "expired",
}


@dataclass(slots=True)
class Seen:
    """What one topic said of one suggestion: seq -> state and digest of the bytes."""

    states: dict[int, str] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    meaning: tuple[object, ...] = ()
    people: list[tuple[str, str] | None] = field(default_factory=list)


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
        for (platform, id), seen in sorted(self.seen.items()):
            self._compare(platform, id, seen, history.states.get(id), snapshot.people)
        for id, suggestion in sorted(history.at(snapshot.head.published_n).items()):
            for platform in history.platforms.get(id, ()):
                self._expect(platform, id, suggestion)
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
        self._note(platform, data, _digest(record))

    def _note(self, platform: str, data: SuggestionChanged, digest: bytes) -> None:
        seen = self.seen.setdefault((platform, data.suggestion), Seen())
        where = f"{platform}: {data.suggestion}/{data.seq}"
        meaning = (data.kind, data.round, data.cross_sector, len(data.members), data.policy)
        people = [
            None if each.person is None else (each.person.authority, each.person.id)
            for each in data.members
        ]
        if data.seq in seen.digests:
            self.audit.count("repeated")
            if seen.digests[data.seq] != digest:
                self.audit.differs(f"{where}: once more with other bytes")
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
        seen.meaning = meaning
        seen.people = people if not seen.people else seen.people
        seen.states[data.seq] = data.state
        seen.digests[data.seq] = digest

    def _compare(
        self,
        platform: str,
        id: str,
        seen: Seen,
        decided: Mapping[int, Suggestion] | None,
        people: Mapping[str, tuple[str, str]],
    ) -> None:
        if decided is None:
            self.audit.differs(f"{platform}: {id} was shown, and no round made it")
            return
        for seq, state in seen.states.items():
            if seq not in decided:
                self.audit.differs(f"{platform}: {id}/{seq} was shown, and no round decided it")
            elif SHOWN_AS[decided[seq].state] != state:
                self.audit.differs(
                    f"{platform}: {id}/{seq} is shown as {state}, decided as {decided[seq].state}"
                )
        members = decided[min(decided)].members
        known = [people.get(subject) for subject in members]
        if None not in known and None not in seen.people and set(known) != set(seen.people):
            self.audit.differs(f"{platform}: {id} names other people than the round that made it")

    def _expect(self, platform: str, id: str, suggestion: Suggestion) -> None:
        if not self._whole.get(platform, True):
            return
        seen = self.seen.get((platform, id))
        if seen is None:
            self.audit.differs(f"{platform}: {id} was never shown")
        elif (
            suggestion.seq not in seen.states
            and SHOWN_AS[suggestion.state] not in seen.states.values()
        ):
            self.audit.differs(f"{platform}: {id} is {suggestion.state}, and that was never shown")
        else:
            self.audit.count("told")


def _digest(record: Record) -> bytes:
    headers = b"\0".join(name.encode() + b"=" + value for name, value in sorted(record.headers))
    return blake2b(headers + b"\0\0" + (record.value or b""), digest_size=16).digest()
