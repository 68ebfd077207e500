"""An erased person's text is gone: from tables, the log, `network.v1` and `rounds.v1`.

What still holds it goes by itself; it is named with the day by which it is gone.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from crosstie import instants
from crosstie.errors import UNREADABLE, LogGap, Rejected
from crosstie.logrecord import Head
from crosstie.matching.record import wholes
from crosstie.network.state import member_key
from crosstie.network.strength import DAY_US
from crosstie.replay.book import Audit, Book
from crosstie.replay.compare import Mirror
from crosstie.replay.history import as_published
from crosstie.replay.runner import Erasure, Played
from crosstie.replay.sources import Record
from crosstie.replay.tables import Quarantined, Snapshot
from crosstie.sealing import open_sealed
from crosstie.topics import GONE_DAYS

KEPT_US = GONE_DAYS * DAY_US  # inbox, dlq, suggestions, quarantine
COMPACTED_US = 8 * DAY_US  # max.compaction.lag.ms of network.v1, and a day for the cleaner
MOST_TRIED = 3  # sealed payloads of one person, each against every key that is left
_ID = re.compile(r"[A-Za-z0-9._:@/+|=-]*")  # ids, codes, digests: no words with spaces
_FINGERPRINT = re.compile(r"[a-z0-9_]+-[0-9a-f]+( [a-z]+-[0-9][0-9A-Za-z.+]*)*")  # of the machine


class Sealed:
    """Watches the fold for payloads that no key of the vault opens."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = keys
        self.orphans: dict[str, list[Head]] = {}

    def __call__(self, played: Played) -> None:
        head = played.head
        if head is None or (subject := head.sealed_subject) is None or subject in self._keys:
            return
        known = self.orphans.setdefault(subject, [])
        if len(known) < MOST_TRIED:
            known.append(head)


@dataclass(frozen=True, slots=True)
class Holder:
    """A place that may still hold what an erased person said, until it is gone by itself."""

    place: str
    until: int  # microseconds

    def __str__(self) -> str:
        return f"{self.place}: gone by {instants.to_rfc3339(self.until)[:16]}Z"


def remaining(at: int, kept: Iterable[str]) -> Iterator[Holder]:
    """What may still hold the text of someone erased at `at`; `kept` are places that forget."""
    for place in kept:
        yield Holder(place, at + KEPT_US)
    yield Holder("network.v1, not compacted yet", at + COMPACTED_US)


def _set_aside(subject: str, quarantine: Iterable[Quarantined]) -> Iterator[Holder]:
    for each in quarantine:
        if each.key == member_key(subject).encode():
            yield Holder(
                f"profile.quarantine {each.topic}-{each.partition}@{each.offset}",
                instants.from_datetime(each.at) + KEPT_US,
            )


def erased(
    erasures: Mapping[str, Erasure],
    sealed: Sealed,
    snapshot: Snapshot,
    mirror: Mirror,
    rounds: Iterable[Record],
    topics: Iterable[str],
) -> Book:
    """Every erasure that profile has folded took all that it must."""
    audit = Audit("erasure", "what erased people said is gone, or is listed with its deadline")
    audit.count("erased", len(erasures))
    for subject, erasure in sorted(erasures.items()):
        _check_person(audit, subject, erasure, snapshot, mirror)
        _check_log(audit, subject, sealed.orphans.get(subject, ()), snapshot.keys)
        for holder in _set_aside(subject, snapshot.quarantine):
            audit.note(f"{subject} may still be in {holder}")
    if erasures:
        latest = max(each.timestamp for each in erasures.values()) * 1000
        for holder in remaining(latest, topics):
            audit.note(f"the erased may still be in {holder}")
    if erasures and snapshot.unpublished:
        audit.note(
            f"the erased may still be in {len(snapshot.unpublished)} records of matching.outbox"
        )
    with contextlib.suppress(LogGap):  # the book of the ledger names it
        for round in _rounds(rounds):
            audit.count("rounds read")
            for text in _loose_text(round):
                audit.differs(f"rounds.v1: a string of {len(text)} in a round that is no id")
    return audit.closed()


def unwritten(snapshot: Snapshot, erasures: Collection[str]) -> frozenset[str]:
    """Subjects that ingestion retired and says it has written, whom the whole log does not erase."""
    return snapshot.retired - snapshot.unlogged - frozenset(erasures)


def _check_person(
    audit: Audit, subject: str, erasure: Erasure, snapshot: Snapshot, mirror: Mirror
) -> None:
    key = member_key(subject)
    if subject in snapshot.people:
        audit.differs(f"{subject}: still in the vault")
    stored = snapshot.rows.get(key)
    if stored is not None and stored.state is not None:
        audit.differs(f"{key}: still in profile.members")
    if key in mirror.cut:
        audit.differs(f"{key}: still the newest value of network.v1")
    if erasure.partition in snapshot.partitions and key in mirror.newest and key not in mirror.cut:
        audit.differs(f"{key}: in network.v1 again after its tombstone")


def _check_log(
    audit: Audit, subject: str, orphans: Iterable[Head], keys: Mapping[str, bytes]
) -> None:
    for head in orphans:
        audit.count("sealed payloads tried")
        for other, key in keys.items():
            try:
                open_sealed(head.value, key, head.source, head.id)
            except Rejected:
                continue
            audit.differs(f"{subject}: the key of {other} opens {head.id}")


def _rounds(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Every round as it was written, with what no model knows; what is no object is passed over."""
    for whole in wholes(as_published(records)):
        with contextlib.suppress(*UNREADABLE):
            round = msgspec.json.decode(whole)
            if isinstance(round, dict):
                yield round


def _loose_text(round: dict[str, Any]) -> Iterator[str]:
    """Strings of a round that are no id, code or digest; also in fields that nobody reads."""
    fingerprint = round.pop("fingerprint", "")
    if fingerprint and _FINGERPRINT.fullmatch(fingerprint) is None:
        yield fingerprint
    for text in _strings(round):
        if _ID.fullmatch(text) is None:
            yield text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
