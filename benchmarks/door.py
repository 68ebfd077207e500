"""Events per second through the HTTP door, every check on: from bodies to the log, acknowledged by Kafka.

    python -m benchmarks.door --events 50000

Starts the ingestion service as a process, adds a platform with a key, tells it of the members, then
posts contacts in batches of 100 over eight connections, each event new. Counted is what is answered
as accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import psycopg
from sqlalchemy import make_url

from crosstie import api_keys
from crosstie.registry import Platform
from crosstie.runtime.admin import create_topics, delete_topics
from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import Stack, stack
from crosstie.runtime.supervised import Supervised
from crosstie.settings import Settings

SOURCE, AUTHORITY = "https://bench.example", "bench"
BATCH, CONNECTIONS, MEMBERS = 100, 8, 2_000
TYPE, TIME = "application/cloudevents-batch+json", "2026-01-05T09:00:00Z"


def events_of(kind: str, datas: Iterable[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """An event of a kind for each."""
    for n, data in enumerate(datas):
        yield {
            "specversion": "1.0", "id": f"{kind}-{n}", "source": SOURCE,
            "type": f"org.crosstie.{kind}.v1", "time": TIME, "data": data,
        }  # fmt: skip


def bodies(events: Sequence[dict[str, object]]) -> list[bytes]:
    """Events in batches, as they go over the wire."""
    return [json.dumps(events[n : n + BATCH]).encode() for n in range(0, len(events), BATCH)]


def person(n: int) -> dict[str, str]:
    return {"authority": AUTHORITY, "id": f"p{n}"}


def joined() -> Iterator[dict[str, object]]:
    """Everybody joins."""
    people = ({"member": person(n), "consent": True} for n in range(MEMBERS))
    return events_of("member.joined", people)


def met(events: int) -> Iterator[dict[str, object]]:
    """So many contacts."""
    draws = random.Random(1)
    pairs = (draws.sample(range(MEMBERS), 2) for _ in range(events))
    contacts = ({"members": [person(a), person(b)], "channel": "met"} for a, b in pairs)
    return events_of("contact.made", contacts)


async def posted(client: httpx.AsyncClient, waiting: list[bytes]) -> int:
    """Send all over so many connections at once; how many events were accepted."""
    left = iter(waiting)

    async def one() -> int:
        accepted = 0
        for body in left:
            while (answer := await client.post("/v1/events", content=body)).status_code != 202:
                if answer.status_code not in {429, 503}:
                    raise SystemExit(f"{answer.status_code}: {answer.text[:300]}")
                await asyncio.sleep(float(answer.headers["retry-after"]))
            accepted += answer.json()["accepted"]
        return accepted

    return sum(await asyncio.gather(*(one() for _ in range(CONNECTIONS))))


@contextmanager
def deployment(server: Stack) -> Iterator[Settings]:
    """Topics and a database of its own."""
    prefix, name = f"bench{secrets.token_hex(3)}.", f"bench_{secrets.token_hex(4)}"
    url = make_url(server.database_url).set(database=name).render_as_string(hide_password=False)
    settings = Settings(
        kafka_bootstrap=server.bootstrap, database_url=url, topic_prefix=prefix,
        vault_key=base64.b64encode(secrets.token_bytes(32)).decode(), requests_per_second=10_000,
    )  # fmt: skip
    topics = [*settings.topics.shared(), *settings.topics.of_platform("bench")]
    with psycopg.connect(server.database_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            migrate(url)
            create_topics(server.brokers, topics)
            yield settings
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            delete_topics(server.brokers, [each.name for each in topics])


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for a process."""
    return os.environ | {
        "CROSSTIE_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "CROSSTIE_DATABASE_URL": settings.database_url.get_secret_value(),
        "CROSSTIE_TOPIC_PREFIX": settings.topic_prefix,
        "CROSSTIE_VAULT_KEY": base64.b64encode(settings.vault_key_bytes).decode(),
        "CROSSTIE_REQUESTS_PER_SECOND": str(settings.requests_per_second),
    }


async def measured(settings: Settings, events: int, logs: Path) -> dict[str, float]:
    url = settings.database_url.get_secret_value()
    connection = await asyncpg.connect(url)
    platform = Platform("bench", frozenset([SOURCE]), frozenset([AUTHORITY]))
    key = await api_keys.register(connection, platform, settings.api_key_pepper_bytes)
    await connection.close()
    service = Supervised("ingestion", environment(settings), logs, None)
    kept = asyncio.create_task(service.keep())
    headers = {"Authorization": f"Bearer {key}", "Content-Type": TYPE}
    client = httpx.AsyncClient(base_url=service.url, headers=headers, timeout=60, trust_env=False)
    try:
        async with client:
            while not await service.ready(client):  # noqa: ASYNC110  a process raises no event
                await asyncio.sleep(0.1)
            await posted(client, bodies([*joined()]))
            waiting = bodies([*met(events)])
            begun = time.perf_counter()
            accepted = await posted(client, waiting)
            seconds = time.perf_counter() - begun
    finally:
        kept.cancel()
        await asyncio.gather(kept, return_exceptions=True)
        await service.stop()
    return {
        "events": accepted,
        "batch": BATCH,
        "seconds": round(seconds, 2),
        "accepted_per_second": round(accepted / seconds),
    }


def main() -> None:
    """Measure on the stack of the environment, or on an embedded one."""
    parser = argparse.ArgumentParser("benchmarks.door", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    chosen = parser.parse_args()
    with stack() as running, deployment(running) as settings, TemporaryDirectory() as logs:
        print(json.dumps(asyncio.run(measured(settings, chosen.events, Path(logs)))))


if __name__ == "__main__":
    main()
