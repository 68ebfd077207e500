"""The books of a running system: what it stores and shows, against a clean replay of its log.

Taken at a moment while services go on: PostgreSQL in one snapshot, the log up to the offsets of
that snapshot, `network.v1` and `rounds.v1` once they have caught up with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crosstie.errors import BrokerAway
from crosstie.matching.record import number_of
from crosstie.replay import compare, erasure, history, search, tables
from crosstie.replay.book import Book, Books
from crosstie.replay.capacity import Capacity
from crosstie.replay.delivery import Acknowledged, Identity
from crosstie.replay.inboxes import Inboxes
from crosstie.replay.recompute import Recomputation
from crosstie.replay.runner import Erasure, Replay
from crosstie.replay.shown import Shown
from crosstie.replay.sources import Record, Tape
from crosstie.replay.tables import Snapshot
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.group_offsets import committed
from crosstie.settings import Settings
from crosstie.topics import COMPACTION_LAG_MS

Planted = Callable[[Record], bool]

__all__ = ["Book", "Books", "check"]

PATIENCE_SECONDS = 60.0  # how long publishing may lag behind PostgreSQL
_POLL_SECONDS = 0.25
_LONGEST_READ_SECONDS = (
    COMPACTION_LAG_MS / 2_000
)  # of what goes on: later, compaction may have passed a mark
_ATTEMPTS = 3  # a take-over may merge two batches into one mark: then the snapshot is taken again


@dataclass(slots=True)
class _Moment:
    """Everything but the log, as of one snapshot."""

    snapshot: Snapshot
    mirror: compare.Mirror
    shown: Shown
    inboxes: Inboxes
    rounds: list[Record]


async def check(
    settings: Settings,
    *,
    rounds: int | None = None,
    text: str | None = None,
    acknowledged: Iterable[Identity] | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
    planted: Planted = lambda _: False,
) -> Books:
    """All books. `rounds`: recompute only the newest so many; `text`: must be gone everywhere.

    `acknowledged`: (source, id) of events that must be in effect once, profile having caught up.
    `planted` says which records of topics that only services write are known to be somebody else's,
    put there to see that nobody minds them. Raises BrokerAway, DatabaseAway, Misconfigured.
    """
    connection = await tables.connected(settings)
    try:
        moment = await _moment(settings, connection, patience_seconds, planted)
        books = await _replayed(settings, moment, rounds, acknowledged)
        if text is not None:
            books.append(await search.text(settings, connection, moment.snapshot.keys, text))
    finally:
        await connection.close()
    return Books(tuple(books))


async def _moment(
    settings: Settings, connection: tables.Connection, patience: float, planted: Planted
) -> _Moment:
    for _ in range(_ATTEMPTS):
        begun = time.monotonic()
        snapshot = await tables.snapshot(connection, settings)
        mirror, ended = await _mirrored(settings, snapshot, patience, planted)
        in_time = ended or time.monotonic() - begun < _LONGEST_READ_SECONDS
        if in_time and not mirror.skipped():
            shown = await _shown(settings, snapshot, planted)
            inboxes = await _inboxes(settings, planted)
            rounds = await _rounds(settings, snapshot, patience, planted)
            return _Moment(snapshot, mirror, shown, inboxes, rounds)
    raise BrokerAway(
        "network.v1 has no marks at the offsets of PostgreSQL, or to read it took longer than "
        f"{_LONGEST_READ_SECONDS:.0f} s while it went on; check again with less going on"
    )


def _ours(records: Iterable[Record], planted: Planted) -> list[Record]:
    return [each for each in records if not planted(each)]


async def _mirrored(
    settings: Settings, snapshot: Snapshot, patience: float, planted: Planted
) -> tuple[compare.Mirror, bool]:
    """What is read of the topic, and whether it ends there: what nothing replaces, nothing compacts."""
    mirror = compare.Mirror({p: each.next_offset for p, each in snapshot.partitions.items()})
    deadline = time.monotonic() + patience
    async with Tape(settings, settings.topics.network.name) as tape:
        while True:
            read = await tape.ends()
            async for records in tape.all(read):
                mirror.play(_ours(records, planted))
            if not mirror.behind() or time.monotonic() > deadline:
                return mirror, not mirror.ahead() and await tape.ends() == read
            await asyncio.sleep(_POLL_SECONDS)


async def _shown(settings: Settings, snapshot: Snapshot, planted: Planted) -> Shown:
    shown = Shown()
    for platform in sorted(snapshot.platforms):
        async with Tape(settings, settings.topics.suggestions(platform).name) as tape:
            if any(tape.begins.values()):
                shown.incomplete(platform)
            async for records in tape.all():
                shown.play(platform, _ours(records, planted))
    return shown


async def _inboxes(settings: Settings, planted: Planted) -> Inboxes:
    inboxes = Inboxes()
    topics, group = settings.topics, f"{settings.topic_prefix}ingestion"
    names = await asyncio.to_thread(partitions_of, settings.brokers)
    mine = sorted(name for name in names if name.startswith(topics.inbox_prefix))
    read = {name: await committed(settings.brokers, group, name) for name in mine}
    async with Tape(settings, topics.dlq.name) as tape:
        async for records in tape.all():
            inboxes.bury(_ours(records, planted))
    for name in mine:
        async with Tape(settings, name) as tape:
            async for records in tape.all():
                inboxes.read(records, read[name])
    return inboxes


async def _rounds(
    settings: Settings, snapshot: Snapshot, patience: float, planted: Planted
) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + patience
    async with Tape(settings, settings.topics.rounds.name) as tape:
        while True:
            async for records in tape.all():
                found.extend(_ours(records, planted))
            newest = max((number_of(each.key or b"") for each in found), default=0)
            if newest >= snapshot.head.n or time.monotonic() > deadline:
                return found
            await asyncio.sleep(_POLL_SECONDS)


async def _replayed(
    settings: Settings, moment: _Moment, newest: int | None, acknowledged: Iterable[Identity] | None
) -> list[Book]:
    snapshot, log = moment.snapshot, settings.topics.events.name
    refusals, sealed = compare.Refusals(), erasure.Sealed(snapshot.keys)
    told = None if acknowledged is None else Acknowledged(acknowledged)
    aside = {(each.partition, each.offset) for each in snapshot.quarantine if each.topic == log}
    watchers = (refusals, sealed, moment.inboxes, *((told,) if told else ()))
    replay = Replay(snapshot.keys, aside, watchers)
    past = history.read(moment.rounds)
    first = 1 if newest is None else snapshot.head.n - newest + 1
    again = Recomputation(settings.deployment, snapshot, first)
    capacity = Capacity(snapshot.policies)
    async with Tape(settings, log) as tape:
        ends = await tape.ends()
        for round in past.rounds[: snapshot.head.n]:
            before = await replay.advance(tape, dict(enumerate(round.offsets)))
            touched = bool(replay.redacted)
            await asyncio.to_thread(again.take, round, replay.rows, before, touched=touched)
            capacity.check(round, replay.rows, replay.redacted)
        await replay.advance(tape, {p: each.next_offset for p, each in snapshot.partitions.items()})
        books = [
            compare.tables(replay, refusals, snapshot, ends),
            compare.network(moment.mirror, snapshot),
            history.ledger(past, snapshot),
            again.closed(),
            moment.shown.close(past, snapshot),
            capacity.audit.closed(),
            await _erased(settings, moment, replay.erasures, sealed),
        ]
        if told is not None:
            told.beyond = True
        await replay.advance(tape, ends)
        books.append(moment.inboxes.closed(erasure.unwritten(snapshot, replay.erasures)))
        if told is not None:
            books.append(told.closed())
    return books


async def _erased(
    settings: Settings, moment: _Moment, erasures: dict[str, Erasure], sealed: erasure.Sealed
) -> Book:
    names = await asyncio.to_thread(partitions_of, settings.brokers)
    kept = [name for name in sorted(names) if search.has_deadline(settings.topics, name)]
    return erasure.erased(erasures, sealed, moment.snapshot, moment.mirror, moment.rounds, kept)
