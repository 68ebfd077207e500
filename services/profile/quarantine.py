"""What the fold refused, for operators: list it, and send it through again once mended."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from crosstie.errors import Rejected
from crosstie.runtime.away import reached
from crosstie.runtime.database import transient
from crosstie.runtime.kafka import producer_options
from crosstie.runtime.stopping import stop
from crosstie.settings import Settings
from services.profile import sql
from services.profile.batch import FORGED, NO_REPLAY

_REPLAY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SetAside:
    """One refused record; the bytes are None once 30 days are over."""

    name: str  # <topic>/<partition>/<offset>
    topic: str
    reason: str
    at: str
    replay: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] | None

    @property
    def kept(self) -> bool:
        """Whether there is still something to send."""
        return self.headers is not None

    @property
    def forged(self) -> bool:
        """Whether another body stands under its identity: no replay changes that."""
        return self.reason == FORGED

    @property
    def sendable(self) -> bool:
        """Whether clients can send it: Kafka holds header names that are no UTF-8, they do not."""
        return all(_is_text(name) for name, _ in self.headers or ())


async def set_aside(settings: Settings) -> list[SetAside]:
    """Everything in quarantine, in order of the log. Raises DatabaseAway."""
    with transient():
        connection = await asyncpg.connect(
            settings.database_url.get_secret_value(),
            server_settings={"role": "crosstie_profile"},
            timeout=10,
        )
        try:
            return [_read(row) for row in await connection.fetch(sql.SET_ASIDE)]
        finally:
            await connection.close()


async def replay(settings: Settings, names: Collection[str]) -> int:
    """Append the named records to the log again, byte for byte; how many.

    Raises Rejected where one is unknown, not kept or forged; then nothing is sent. BrokerAway.
    """
    found = {each.name: each for each in await set_aside(settings)}
    for name in names:
        if name not in found or not found[name].kept:
            limit = "a record whose bytes are still kept"
            raise Rejected("/record", name, limit, "see `crosstie quarantine list`")
        if found[name].forged:
            limit = "a record that would not be refused again"
            raise Rejected("/record", name, limit, NO_REPLAY)
        if not found[name].sendable:
            limit = "a record whose header names are UTF-8"
            raise Rejected("/record", name, limit, "send the event anew, through ingestion")
        if found[name].topic != settings.topics.events.name:
            limit = f"a record of {settings.topics.events.name}"
            raise Rejected("/record", name, limit, "set CROSSTIE_TOPIC_PREFIX")
    await _append(settings, [found[name] for name in names])
    return len(names)


async def _append(settings: Settings, records: list[SetAside]) -> None:
    producer = AIOKafkaProducer(**producer_options(settings))
    try:
        with reached():
            async with asyncio.timeout(_REPLAY_SECONDS):
                await producer.start()
                for each in records:
                    # aiokafka refuses a record that has neither
                    key = b"" if each.key is None and each.value is None else each.key
                    await producer.send_and_wait(each.topic, each.value, key, headers=each.headers)
    finally:
        await stop(producer)


def _read(row: Any) -> SetAside:
    headers = None if row["headers"] is None else json.loads(row["headers"])
    return SetAside(
        name=f"{row['topic']}/{row['partition']}/{row['offset']}",
        topic=row["topic"],
        reason=row["reason"],
        at=row["at"].isoformat(),
        replay=NO_REPLAY if row["reason"] == FORGED else row["replay"],
        key=row["key"],
        value=row["value"],
        headers=None if headers is None else [(name, _bytes(value)) for name, value in headers],
    )


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
