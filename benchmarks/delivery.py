"""Events per second from the log to PostgreSQL and `network.v1`, beside what the servers can do.

    python -m benchmarks.delivery --events 300000

Fills a log with contacts (and one member event in fifty, sealed), reads it bare with aiokafka, stores
it bare by COPY (at once, and as a worker has to: see `beside`), then starts the profile service, as one
process and as two, and waits until everything is committed and published: all in one run, so that
ratios carry over to other machines.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import psycopg
from sqlalchemy import make_url

from benchmarks.beside import kept_copy, plain_copy, raw_getmany
from benchmarks.logged import entries, fill, people
from benchmarks.spent import each_100_000, spent
from crosstie import sealing
from crosstie.runtime.admin import create_topics, delete_topics
from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import Stack, stack
from crosstie.settings import Settings
from crosstie.topics import Topics

POLL_SECONDS = 0.05
BATCH_EVENTS: int = Settings.model_fields["batch_events"].default


@dataclass(frozen=True, slots=True)
class Place:
    """A log with its own topics and database."""

    bootstrap: str
    url: str
    topics: Topics
    environment: dict[str, str]
    events: int
    servers: Mapping[str, int]  # process ids of Kafka and PostgreSQL, where they are ours


@contextmanager
def place(server: Stack, events: int, members: int) -> Iterator[Place]:
    """`events` logged of `members`, and a database that knows the members and nothing else."""
    topics, name = Topics(f"bench{secrets.token_hex(3)}."), f"bench_{secrets.token_hex(4)}"
    vault_key = secrets.token_bytes(32)
    url = make_url(server.database_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server.database_url, autocommit=True) as admin, ExitStack() as after:
        admin.execute(f"CREATE DATABASE {name}")
        after.callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)")
        migrate(url)
        shared = topics.shared()
        create_topics(server.brokers, shared)
        after.callback(delete_topics, server.brokers, [each.name for each in shared])
        subjects = people(members, Random(0))
        keys = {each: sealing.new_key() for each in subjects}
        with psycopg.connect(url) as vault:
            vault.cursor().executemany(
                "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
                " VALUES (%s, 'bench', %s, %s)",
                [(s, s, sealing.wrap(key, vault_key)) for s, key in keys.items()],
            )
        log, logged = topics.events, entries(events, subjects, keys)
        sent = asyncio.run(fill(server.bootstrap, log.name, log.partitions, logged))
        environment = {
            "CROSSTIE_KAFKA_BOOTSTRAP": server.bootstrap,
            "CROSSTIE_DATABASE_URL": url,
            "CROSSTIE_TOPIC_PREFIX": topics.prefix,
            "CROSSTIE_VAULT_KEY": base64.b64encode(vault_key).decode(),
        }
        yield Place(server.bootstrap, url, topics, environment, sent, server.pids)


async def progress(connection: asyncpg.Connection[Any]) -> tuple[int, int]:
    """Offsets committed and published, over all partitions."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(next_offset), 0), coalesce(sum(published_offset), 0)"
        " FROM profile.partitions"
    )
    assert row is not None
    return int(row[0]), int(row[1])


async def followed(where: Place, services: list[subprocess.Popen[bytes]]) -> dict[str, Any]:
    """See `follow`; over one connection, since to open one costs the server as much as a query of rows."""
    connection = await asyncpg.connect(where.url)
    try:
        return await follow(where, connection, services)
    finally:
        await connection.close()


async def follow(
    where: Place, connection: asyncpg.Connection[Any], services: list[subprocess.Popen[bytes]]
) -> dict[str, Any]:
    """Wait until all is out; rates and costs of what came after the first commit that was seen."""
    events, begun = where.events, time.perf_counter()
    processes = {name: [pid] for name, pid in where.servers.items()}
    processes["workers"] = [each.pid for each in services]
    first = folded = 0.0
    head_start, before = 0, {}
    while True:
        committed, published = await progress(connection)
        now = time.perf_counter()
        if committed and not first:
            first, head_start, before = now, committed, spent(processes)
        if committed == events and not folded:
            folded = now
        if published == events:
            break
        for each in services:
            if each.poll() is not None:
                raise SystemExit(f"the service ended with {each.returncode}")
        await asyncio.sleep(POLL_SECONDS)
    rest = events - head_start
    return {
        "start_seconds": round(first - begun, 2),
        "seconds": round(now - first, 2),
        "folded_per_second": round(rest / (folded - first)),
        "published_per_second": round(rest / (now - first)),
        "cpu_seconds_each_100_000": each_100_000(before, spent(processes), rest),
    }


def folded(where: Place, workers: int, log: Path) -> dict[str, Any]:
    """The rates of so many processes of the service, and what it cost Kafka, PostgreSQL and them."""
    command = [sys.executable, "-m", "services.profile"]
    with log.open("wb") as out:
        services = [
            subprocess.Popen(command, env=os.environ | where.environment, stderr=out)
            for _ in range(workers)
        ]
    try:
        return asyncio.run(followed(where, services))
    finally:
        for each in services:
            each.terminate()
        for each in services:
            each.wait(30)


async def beside(where: Place) -> dict[str, float]:
    """Rates of the servers with the same events and none of our work."""
    log = where.topics.events
    rows, read = await raw_getmany(where.bootstrap, log.name, log.partitions)
    return {
        "getmany_per_second": round(read),
        "copy_per_second": round(await plain_copy(where.url, rows)),
        "kept_copy_per_second": round(await kept_copy(where.url, rows, BATCH_EVENTS)),
    }


def measure(server: Stack, events: int, members: int, log: Path) -> dict[str, Any]:
    """Bare rates, those of one worker and of two, and how they compare."""
    with place(server, events, members) as where:
        bare = asyncio.run(beside(where))
        one = folded(where, 1, log)
        logged = where.events
    with place(server, events, members) as where:
        two = folded(where, 2, log)
    rate = one["published_per_second"]
    return {
        "events": logged,
        "beside": bare,
        "one_worker": one,
        "two_workers": two,
        "ratios": {
            "one_worker_to_copy": round(rate / bare["copy_per_second"], 3),
            "one_worker_to_kept_copy": round(rate / bare["kept_copy_per_second"], 3),
            "one_worker_to_getmany": round(rate / bare["getmany_per_second"], 3),
            "two_workers_to_one": round(two["published_per_second"] / rate, 2),
        },
    }


def main() -> None:
    """Measure on the stack of the environment, or on an embedded one."""
    parser = argparse.ArgumentParser("benchmarks.delivery", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--members", type=int, default=5_000)
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="of the service")
    chosen = parser.parse_args()
    with stack() as running:
        print(json.dumps(measure(running, chosen.events, chosen.members, chosen.log)))


if __name__ == "__main__":
    main()
