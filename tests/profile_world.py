"""The profile service as a process on real Kafka and PostgreSQL, and what must hold afterwards."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from crosstie import sealing
from crosstie.network.state import Row
from crosstie.network.wire import MARK_KEY, decode_mark, encode
from crosstie.replay.sources import Record, Tape
from crosstie.settings import Settings
from services.profile import batch
from tests.profile_log import Logged, Writer
from tests.spoiled import PLACEHOLDER, spoil

PATIENCE_SECONDS = 90.0
POLL_SECONDS = 0.1


@dataclass
class Process:
    """One running service; what it logs is in `lines`."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        whole = self.log.read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]

    def said(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.lines if each["event"] == event]

    @property
    def url(self) -> str:
        return str(self.said("listening")[0]["url"])

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    async def ended(self) -> int:
        return await asyncio.to_thread(self.popen.wait, 40)


@dataclass
class ProfileWorld:
    """A log, a database and any number of workers."""

    settings: Settings
    directory: Path
    write: Writer = field(default_factory=Writer)
    logged: int = 0
    started: int = 0

    @contextlib.contextmanager
    def service(self, **env: str) -> Any:
        """A worker; killed at the end if it still runs."""
        self.started += 1
        log = self.directory / f"profile-{self.started}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", "services.profile"], env=self.env | env, stderr=out
            )
        try:
            yield Process(popen, log)
        finally:
            popen.kill()
            popen.wait()

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {
            "CROSSTIE_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "CROSSTIE_DATABASE_URL": self.settings.database_url.get_secret_value(),
            "CROSSTIE_VAULT_KEY": base64.b64encode(self.settings.vault_key_bytes).decode(),
            "CROSSTIE_TOPIC_PREFIX": self.settings.topic_prefix,
        }

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.settings.database_url.get_secret_value())
        try:
            yield connection
        finally:
            await connection.close()

    async def know(self, *subjects: str, authority: str = "nhs") -> None:
        """Put people into the vault, with the data keys that `write` seals with."""
        async with self.connection() as vault:
            for subject in subjects:
                wrapped = sealing.wrap(self.write.person(subject), self.settings.vault_key_bytes)
                await vault.execute(
                    "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
                    " VALUES ($1, $2, $3, $4)",
                    subject,
                    authority,
                    subject.lower(),
                    wrapped,
                )

    async def append(self, records: Iterable[Logged]) -> None:
        """Log the records as ingestion does; waits for the acknowledgement."""
        partitions = self.settings.topics.events.partitions
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka_bootstrap, enable_idempotence=True
        )
        await producer.start()
        try:
            sent = []
            for each in records:
                n = (murmur2(each.key or b"") & 0x7FFFFFFF) % partitions
                topic = self.settings.topics.events.name
                sent.append(
                    await producer.send(
                        topic, each.value, each.key, partition=n, headers=list(each.headers)
                    )
                )
            await asyncio.gather(*sent)
            self.logged += len(sent)
        finally:
            await producer.stop()

    async def append_spoiled(self, value: bytes) -> None:
        """Log a record whose header's name is no UTF-8, and nothing but that name is wrong."""
        met = self.write.met("Y" * 16, "Z" * 16)
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap)
        await producer.start()
        try:
            batch = producer.create_batch()
            headers = [*met.headers, (PLACEHOLDER, b"v")]
            batch.append(timestamp=None, key=met.key, value=value, headers=headers)
            spoil(batch)
            topic = self.settings.topics.events.name
            await (await producer.send_batch(batch, topic, partition=0))
            self.logged += 1
        finally:
            await producer.stop()

    async def offsets(self) -> tuple[int, int]:
        """Committed and published, over all partitions."""
        async with self.connection() as connection:
            row = await connection.fetchrow(
                "SELECT coalesce(sum(next_offset), 0), coalesce(sum(published_offset), 0)"
                " FROM profile.partitions"
            )
        return int(row[0]), int(row[1])

    async def until_committed(self, least: int) -> None:
        await self._until(0, least)

    async def until_all_published(self) -> None:
        await self._until(1, self.logged)

    async def _until(self, which: int, least: int) -> None:
        async def reached() -> bool:
            return (await self.offsets())[which] >= least

        await until(reached)

    async def tables(self) -> dict[bytes, bytes]:
        """Every row as PostgreSQL holds it."""
        async with self.connection() as connection:
            members = await connection.fetch("SELECT subject, state FROM profile.members")
            ties = await connection.fetch("SELECT a, b, state FROM profile.ties")
        rows = {f"member/{s}".encode(): state for s, state in members}
        rows |= {f"tie/{a}/{b}".encode(): state for a, b, state in ties}
        return {key: b"marker" if state is None else state.encode() for key, state in rows.items()}

    async def newest(self) -> dict[bytes, bytes | None]:
        """The newest value of every key of network.v1; marks must be those of the tables."""
        newest: dict[bytes, bytes | None] = {}
        async with self.connection() as connection:
            ends = dict(
                await connection.fetch("SELECT partition, next_offset FROM profile.partitions")
            )
        for partition, records in (await self.read(self.settings.topics.network.name)).items():
            of_partition = {each.key or b"": each.value for each in records}
            mark = of_partition.pop(MARK_KEY.encode(), None)
            assert (0 if mark is None else decode_mark(mark).end) == ends.get(partition, 0)
            newest |= of_partition
        return newest

    async def clean_fold(self) -> dict[bytes, bytes]:
        """The log folded from its beginning, partition by partition, without the service."""
        async with self.connection() as connection:
            aside = await connection.fetch('SELECT partition, "offset" FROM profile.quarantine')
            keys = {
                subject: sealing.unwrap(wrapped, self.settings.vault_key_bytes)
                for subject, wrapped in await connection.fetch(
                    "SELECT subject, wrapped_key FROM vault.subjects"
                )
            }
        rows: dict[str, Row | None] = {}
        for partition, records in (await self.read(self.settings.topics.events.name)).items():
            condemned = {each["offset"]: "" for each in aside if each["partition"] == partition}
            if records:
                reading = batch.read(partition, records, condemned)
                rows |= batch.fold(reading, batch.Known(keys, {}, {}, 0)).rows
        return {key.encode(): encode(row) for key, row in rows.items() if row is not None}

    async def read(self, topic: str) -> dict[int, list[Record]]:
        """All committed records of a topic, by partition."""
        async with Tape(self.settings, topic) as tape:
            return {
                partition: [each async for some in tape.upto(partition, end) for each in some]
                for partition, end in (await tape.ends()).items()
            }

    async def assert_all_is_well(self) -> None:
        """Tables equal the clean fold, and network.v1 equals the tables."""
        tables, newest = await self.tables(), await self.newest()
        assert tables == await self.clean_fold()
        assert {key: value for key, value in newest.items() if value is not None} == tables


def settings_of(bootstrap: str, database: str, prefix: str) -> Settings:
    return Settings(
        kafka_bootstrap=bootstrap,
        database_url=database,
        vault_key=base64.b64encode(b"0" * 32).decode(),
        topic_prefix=prefix,
    )


async def until(condition: Callable[[], Any]) -> None:
    """Ask until the condition holds, plain or awaitable."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await _value(condition()):  # noqa: ASYNC110  it happens in another process
            await asyncio.sleep(POLL_SECONDS)


async def _value(found: Any) -> Any:
    return await found if inspect.isawaitable(found) else found


def many(write: Writer, subjects: Sequence[str], count: int) -> list[Logged]:
    """Contacts, descriptions, doubles: every tenth record is one that came before."""
    records: list[Logged] = []
    for n in range(count):
        one, other = subjects[n % len(subjects)], subjects[(n * 7 + 3) % len(subjects)]
        if n % 10 == 9:
            records.append(records[n // 2])
        elif one == other or n % 6 == 0:
            records.append(write.described(one, role=f"role {n}"))
        else:
            records.append(write.met(one, other, at=1_760_000_000_000_000 + n))
    return records
