"""Every record that ingestion read from an inbox is in the log, or a dead letter; every erasure too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from crosstie import dlq
from crosstie.door.record import event_of
from crosstie.errors import Rejected
from crosstie.events import ERASED, GATHERING
from crosstie.network.dedupe import identity_of
from crosstie.replay.book import Audit, Book
from crosstie.replay.delivery import id_of_gathering
from crosstie.replay.runner import Played
from crosstie.replay.sources import Record

Place = tuple[str, int, int]  # topic, partition, offset


class Inboxes:
    """Takes dead letters, then the inboxes, then watches the log."""

    def __init__(self) -> None:
        self._audit = Audit(
            "inbox", "every record read from an inbox is in the log or a dead letter"
        )
        for what in ("read", "dead letters", "waiting"):
            self._audit.count(what, 0)
        self._buried: set[Place] = set()
        self._owed: dict[bytes, Place] = {}
        self._owed_pairs: dict[bytes, Place] = {}  # of a gathering; an event may have its id

    def bury(self, records: Iterable[Record]) -> None:
        """Records of `dlq.v1`."""
        for record in records:
            if dlq.marked(record.headers) is not None:
                continue
            try:
                letter = dlq.read(record.key, record.value, record.headers)
            except Rejected as why:
                self._audit.differs(f"{record.topic}-{record.partition}@{record.offset}: {why}")
                continue
            self._buried.add((letter.topic, letter.partition, letter.offset))
            self._audit.count("dead letters")

    def read(self, records: Iterable[Record], committed: Mapping[int, int]) -> None:
        """Records of an inbox, of which ingestion says that it has read those before `committed`."""
        for record in records:
            place = (record.topic, record.partition, record.offset)
            if record.offset >= committed.get(record.partition, 0):
                self._audit.count("waiting")
            elif place not in self._buried:
                self._audit.count("read")
                self._owe(record, place)

    def __call__(self, played: Played) -> None:
        """One record of the log."""
        if (head := played.head) is None:
            return
        self._owed.pop(identity_of(head.source, head.id), None)
        if gathering := id_of_gathering(head.id):
            self._owed_pairs.pop(identity_of(head.source, gathering), None)

    def closed(self, unwritten: Iterable[str] = ()) -> Book:
        """After the whole log went by; `unwritten`: erased people of whom it does not say so."""
        for subject in sorted(unwritten):
            self._audit.differs(f"{subject}: retired, and no member.erased in the log")
        owed = chain(self._owed.values(), self._owed_pairs.values())
        for topic, partition, offset in sorted(owed):
            self._audit.differs(
                f"{topic}-{partition}@{offset}: neither in the log nor a dead letter"
            )
        return self._audit.closed()

    def _owe(self, record: Record, place: Place) -> None:
        try:
            event = event_of(record.key, record.value, dlq.as_sent(record.headers))
            name, type = identity_of(event["source"], event["id"]), event["type"]
        except (Rejected, KeyError, TypeError, AttributeError):  # JSON of any shape
            self._audit.differs(
                f"{place[0]}-{place[1]}@{place[2]}: is no event, and no dead letter"
            )
            return
        if type == GATHERING:
            self._owed_pairs[name] = place
        elif type != ERASED:  # of a stranger, or once more: not in the log; else see `unwritten`
            self._owed[name] = place
