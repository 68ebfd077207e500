"""A running ingestion service on real Kafka and PostgreSQL, and eyes on what it wrote."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from queue import Queue
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import make_url

from crosstie import api_keys, dlq, logrecord
from crosstie.errors import Transient
from crosstie.network.facts import Event
from crosstie.registry import Platform
from crosstie.runtime.admin import create_topics
from crosstie.runtime.service import Running, Service
from crosstie.sealing import unwrap
from crosstie.settings import Settings
from services.ingestion.app import build

VAULT_KEY = bytes(range(32))
SOURCE = "https://members.example"
ids = count()


def settings_for(bootstrap: str, database_url: str, prefix: str, **more: Any) -> Settings:
    return Settings(
        kafka_bootstrap=bootstrap,
        database_url=database_url,
        vault_key=base64.b64encode(VAULT_KEY).decode(),
        topic_prefix=prefix,
        **more,
    )


def person(name: str, authority: str = "members") -> dict[str, str]:
    return {"authority": authority, "id": name}


def event(noun_verb: str, data: Any, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e{next(ids)}",
        "source": SOURCE,
        "type": f"org.crosstie.{noun_verb}.v1",
        "time": "2026-01-05T09:00:00Z",
        "data": data,
    } | more


def joined(name: str, **more: Any) -> dict[str, Any]:
    return event("member.joined", {"member": person(name), "consent": True}, **more)


def met(a: str, b: str, **more: Any) -> dict[str, Any]:
    return event("contact.made", {"members": [person(a), person(b)], "channel": "met"}, **more)


async def eventually(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first true answer; asks again until the deadline."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            found = await found if asyncio.iscoroutine(found) else found
            if found:
                return found
            await asyncio.sleep(0.05)


@dataclass
class World:
    """One deployment: platform `members` with its key, and whatever else a test adds."""

    settings: Settings
    connection: asyncpg.Connection[Any]
    key: str = ""

    async def platform(self, name: str, *, source: str = SOURCE, authority: str = "members") -> str:
        key = await api_keys.register(
            self.connection, Platform(name, frozenset([source]), frozenset([authority])), b""
        )
        topics = self.settings.topics.of_platform(name)
        await asyncio.to_thread(create_topics, self.settings.brokers, topics)
        return str(key)

    async def records(self, topic: str) -> list[Any]:
        """Everything in `topic`, in order of partition and offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap, isolation_level="read_committed"
        )
        await consumer.start()
        try:
            names = await consumer._client._wait_on_metadata(topic)
            places = [TopicPartition(topic, each) for each in sorted(names)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found: list[Any] = []
            while any([await consumer.position(each) < ends[each] for each in places]):
                batch = await consumer.getmany(timeout_ms=100)
                found += [record for records in batch.values() for record in records]
        finally:
            await consumer.stop()
        return sorted(found, key=lambda each: (each.partition, each.offset))

    async def events(self) -> list[Event]:
        """The log, opened with the vault's keys."""
        rows = await self.connection.fetch("SELECT subject, wrapped_key FROM vault.subjects")
        keys = {row["subject"]: unwrap(row["wrapped_key"], VAULT_KEY) for row in rows}
        records = await self.records(self.settings.topics.events.name)
        heads = [logrecord.head_of(each.key, each.value, each.headers) for each in records]
        return [logrecord.opened(each, keys) for each in heads]

    async def letters(self) -> list[dlq.Letter]:
        records = await self.records(self.settings.topics.dlq.name)
        letters = (each for each in records if dlq.marked(each.headers) is None)
        return [dlq.read(each.key, each.value, each.headers) for each in letters]

    async def subject(self, name: str, authority: str = "members") -> str | None:
        found: str | None = await self.connection.fetchval(
            "SELECT subject FROM vault.subjects"
            " WHERE authority = $1 AND external_id = $2 AND retired_at IS NULL",
            authority,
            name,
        )
        return found

    @contextlib.asynccontextmanager
    async def producer(self, **more: Any) -> AsyncIterator[AIOKafkaProducer]:
        options = {"max_request_size": 4 * 1024 * 1024} | more
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap, **options)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()


@contextlib.asynccontextmanager
async def world(
    bootstrap: str, database: str, prefix: str, *, topics: bool = True, **more: Any
) -> AsyncIterator[World]:
    """Topics and the platform `members`; no service yet."""
    settings = settings_for(bootstrap, database, prefix, **more)
    if topics:
        await asyncio.to_thread(create_topics, settings.brokers, settings.topics.shared())
    connection = await asyncpg.connect(database)
    try:
        made = World(settings, connection)
        made.key = await made.platform("members")
        yield made
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def ingestion(settings: Settings) -> AsyncIterator[tuple[Service, Running]]:
    """The service at work in this process, until the end of the block."""
    service = build(settings)
    running = Running(unready={"start": "waiting"})
    work = asyncio.ensure_future(service.work(running))
    try:
        await eventually(lambda: work.done() or not running.unready)
        yield service, running
    finally:
        running.stop.set()
        with contextlib.suppress(Transient):  # what is away is not waited for
            await work


def client(service: Service, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(service.api),
        base_url="http://ingestion",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )


class Proxy:
    """A way to PostgreSQL that can be cut, or fall silent while its lines stay up."""

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0
        self._voices: list[asyncio.Event] = [_spoken()]

    @property
    def url(self) -> str:
        url = self._target.set(host="127.0.0.1", port=self._port)
        return url.render_as_string(hide_password=False)

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._open:
                writer.transport.abort()
            for voice in self._voices:
                voice.set()
            await self._server.wait_closed()
            self._server = None

    def hush(self, *, later_too: bool = False) -> None:
        """Every open line passes nothing on any more, for ever; nor do later ones, if asked."""
        self._voices[-1].clear()
        if not later_too:
            self._voices.append(_spoken())

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.host, self._target.port)
        self._open |= {writer, back}
        voice = self._voices[-1]
        await asyncio.gather(self._pump(reader, back, voice), self._pump(there, writer, voice))

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, voice: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await voice.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


def _spoken() -> asyncio.Event:
    voice = asyncio.Event()
    voice.set()
    return voice


@contextlib.asynccontextmanager
async def proxy(url: str) -> AsyncIterator[Proxy]:
    made = Proxy(url)
    await made.mend()
    try:
        yield made
    finally:
        await made.cut()


class Process:
    """`python -m services.ingestion`, and what it says."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.ingestion"],
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: Queue[dict[str, Any]] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def url(self) -> str:
        while (line := self.lines.get(timeout=60))["event"] != "listening":
            pass
        return str(line["url"])

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self.lines.put(json.loads(line))


@contextlib.contextmanager
def process(world: World, **more: str) -> Iterator[Process]:
    settings = world.settings
    started = Process(
        {
            "CROSSTIE_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "CROSSTIE_DATABASE_URL": settings.database_url.get_secret_value(),
            "CROSSTIE_VAULT_KEY": base64.b64encode(VAULT_KEY).decode(),
            "CROSSTIE_TOPIC_PREFIX": settings.topic_prefix,
        }
        | more
    )
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
