"""A deployment with a history: rows straight into profile's tables and `network.v1`, as if folded.

Loading so takes minutes where two million events through the door would take an hour; what comes
after goes the way of every event. `version` 0 and marks at offset 0 say that the log begins here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import combinations

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from msgspec.structs import replace

from benchmarks import logged, networks
from crosstie import sealing
from crosstie.network.rows import Rows
from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.network.strength import Strength
from crosstie.network.wire import MARK_KEY, Mark, encode
from crosstie.settings import Settings

AUTHORITY = "bench"
_DIGITS = bytes.maketrans(b"0123456789", b"ABCDEFGHIJ")  # of subjects, which are base32
_NAMES = re.compile(rb"P[0-9]{15}")


def person(subject: str) -> dict[str, str]:
    """A member as the outside knows them."""
    return {"authority": AUTHORITY, "id": subject}


def acquainted(rows: Rows, subjects: list[str]) -> Rows:
    """`rows` where all of `subjects` met each other lately, and have no time yet."""
    changes: dict[str, Row | None] = {}
    for a, b in combinations(sorted(subjects), 2):
        changes[tie_key(a, b)] = Tie(
            a, b, strength=Strength(3.0, networks.START), contacts={"met": 3},
            first=networks.START, last=networks.START, last_met=networks.START,
        )  # fmt: skip
    for subject in subjects:
        before = rows.members[subject]
        said = before.facts["availability"]
        none = replace(said, value=[0, 0, 0, [], []])
        facts = before.facts | {"availability": none}
        changes[member_key(subject)] = Member(subject, facts)
    return rows.after(changes)


async def load(settings: Settings, rows: Rows) -> None:
    """Everybody into the vault and profile's tables, all rows into `network.v1`, marks after them."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        await _copy(connection, "vault", "subjects", _vault(rows, settings.vault_key_bytes))
        await _copy(connection, "profile", "members", _members(rows, settings))
        await _copy(connection, "profile", "ties", _ties(rows, settings))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    topic = settings.topics.network
    entries: Iterator[logged.Entry] = (
        (renamed(key.encode()), _bytes(row), []) for key, row in rows.items()
    )
    await logged.fill(settings.kafka_bootstrap, topic.name, topic.partitions, entries)
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer:
        mark = encode(Mark(0, networks.START))
        for n in range(topic.partitions):
            await producer.send_and_wait(topic.name, mark, MARK_KEY.encode(), partition=n)


def renamed(text: bytes) -> bytes:
    """`text` with subjects as the vault takes them; their order stays."""
    return _NAMES.sub(lambda found: found[0].translate(_DIGITS), text)


def subject(name: str) -> str:
    """One name of the network, renamed."""
    return renamed(name.encode()).decode()


def _bytes(row: Row) -> bytes:
    return renamed(encode(row))


def _partition(key: str, settings: Settings) -> int:
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % settings.topics.network.partitions


def _vault(rows: Rows, vault_key: bytes) -> Iterator[tuple[object, ...]]:
    for name in map(subject, rows.members):
        yield name, AUTHORITY, name, sealing.wrap(sealing.new_key(), vault_key)


def _members(rows: Rows, settings: Settings) -> Iterator[tuple[object, ...]]:
    for member in rows.members.values():
        name = subject(member.subject)
        yield name, _partition(member_key(name), settings), 0, _bytes(member).decode()


def _ties(rows: Rows, settings: Settings) -> Iterator[tuple[object, ...]]:
    for tie in rows.ties.values():
        a, b = subject(tie.a), subject(tie.b)
        yield a, b, _partition(tie_key(a, b), settings), 0, _bytes(tie).decode()


_COLUMNS = {
    "subjects": ("subject", "authority", "external_id", "wrapped_key"),
    "members": ("subject", "partition", "version", "state"),
    "ties": ("a", "b", "partition", "version", "state"),
}


async def _copy(
    connection: asyncpg.Connection, schema: str, table: str, rows: Iterator[tuple[object, ...]]
) -> None:
    await connection.copy_records_to_table(
        table, schema_name=schema, columns=_COLUMNS[table], records=rows
    )
    await asyncio.sleep(0)
