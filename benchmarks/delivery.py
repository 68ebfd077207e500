"""Events per second from the log to PostgreSQL and `network.v1`, with one worker.

    python -m benchmarks.delivery --events 300000

Fills a log of its own with contacts (and one member event in fifty, sealed), starts the profile
service as a process, and waits until everything is committed and published.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from sqlalchemy import make_url

from crosstie import logrecord, sealing
from crosstie.network.state import member_key, tie_key
from crosstie.network.strength import DAY_US
from crosstie.runtime.admin import create_topics, delete_topics
from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import Stack, stack
from crosstie.topics import Topics

START_US = 1_750_000_000_000_000
SUBJECTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

Entry = tuple[bytes, bytes, list[tuple[str, bytes]]]


def people(count: int, rng: random.Random) -> list[str]:
    return ["".join(rng.choices(SUBJECTS, k=16)) for _ in range(count)]


def entries(events: int, members: list[str], keys: dict[str, bytes]) -> Iterator[Entry]:
    """Mostly contacts between acquaintances, as a busy platform would log them."""
    rng = random.Random(1)
    circles = {each: rng.sample(members, 30) for each in members}
    source = "https://bench.example"
    for n in range(events):
        at = START_US + n * DAY_US // events
        one = rng.choice(members)
        if n % 50 == 0:
            type_, sealed = "org.crosstie.member.described.v1", True
            said: dict[str, object] = {"member": one, "sector": "housing", "role": f"role {n}"}
            value = sealing.seal(json.dumps(said).encode(), keys[one], source, f"e{n}")
            key = member_key(one)
        else:
            other = rng.choice(circles[one])
            if other == one:
                continue
            type_, sealed = "org.crosstie.contact.made.v1", False
            said = {"members": [one, other], "channel": "met", "started_by": one, "weight": 1.0}
            value = json.dumps(said, separators=(",", ":")).encode()
            key = tie_key(one, other)
        yield key.encode(), value, logrecord.headers(source, f"e{n}", type_, at, sealed=sealed)


async def fill(bootstrap: str, topic: str, partitions: int, logged: Iterator[Entry]) -> int:
    """Log the entries as ingestion would, one batch of a partition at a time; how many."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        max_batch_size=512 * 1024,
    )
    await producer.start()
    batches = {n: producer.create_batch() for n in range(partitions)}
    sent = 0
    for key, value, headers in logged:
        n = (murmur2(key) & 0x7FFFFFFF) % partitions
        if batches[n].append(key=key, value=value, timestamp=None, headers=headers) is None:
            await producer.send_batch(batches[n], topic, partition=n)
            batches[n] = producer.create_batch()
            batches[n].append(key=key, value=value, timestamp=None, headers=headers)
        sent += 1
    for n, batch in batches.items():
        await producer.send_batch(batch, topic, partition=n)
    await producer.stop()
    return sent


async def progress(url: str) -> tuple[int, int]:
    """Offsets committed and published, over all partitions."""
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(
            "SELECT coalesce(sum(next_offset), 0), coalesce(sum(published_offset), 0)"
            " FROM profile.partitions"
        )
    finally:
        await connection.close()
    assert row is not None
    return int(row[0]), int(row[1])


async def follow(url: str, events: int, service: subprocess.Popen[bytes]) -> dict[str, float]:
    """Wait until all is out; rates of what came after the first commit that was seen."""
    begun = time.perf_counter()
    first = folded = 0.0
    head_start = 0
    while True:
        committed, published = await progress(url)
        now = time.perf_counter()
        if committed and not first:
            first, head_start = now, committed
        if committed == events and not folded:
            folded = now
        if published == events:
            break
        if service.poll() is not None:
            raise SystemExit(f"the service ended with {service.returncode}")
        await asyncio.sleep(0.05)
    return {
        "start_seconds": round(first - begun, 2),
        "seconds": round(now - first, 2),
        "folded_per_second": round((events - head_start) / (folded - first)),
        "published_per_second": round((events - head_start) / (now - first)),
    }


def cpu_seconds(pid: int) -> float:
    """User and system time of the process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(stack_: Stack, events: int, members: int, log: Path) -> dict[str, float]:
    prefix = f"bench{secrets.token_hex(3)}."
    name = f"bench_{secrets.token_hex(4)}"
    vault_key = secrets.token_bytes(32)
    url = make_url(stack_.database_url).set(database=name).render_as_string(hide_password=False)
    topics = Topics(prefix)
    with psycopg.connect(stack_.database_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            migrate(url)
            create_topics(stack_.brokers, topics.shared())
            subjects = people(members, random.Random(0))
            keys = {each: sealing.new_key() for each in subjects}
            with psycopg.connect(url) as vault:
                vault.cursor().executemany(
                    "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
                    " VALUES (%s, 'bench', %s, %s)",
                    [(s, s, sealing.wrap(key, vault_key)) for s, key in keys.items()],
                )
            logged = asyncio.run(
                fill(
                    stack_.bootstrap,
                    topics.events.name,
                    topics.events.partitions,
                    entries(events, subjects, keys),
                )
            )
            env = os.environ | {
                "CROSSTIE_KAFKA_BOOTSTRAP": stack_.bootstrap,
                "CROSSTIE_DATABASE_URL": url,
                "CROSSTIE_TOPIC_PREFIX": prefix,
                "CROSSTIE_VAULT_KEY": base64.b64encode(vault_key).decode(),
            }
            with log.open("wb") as out:
                command = [
                    sys.executable,
                    *os.environ.get("BENCH_PYTHON", "").split(),
                    "-m",
                    "services.profile",
                ]
                service = subprocess.Popen(command, env=env, stderr=out)
            try:
                rates = asyncio.run(follow(url, logged, service))
                cpu = cpu_seconds(service.pid)
                return {
                    "events": logged,
                    **rates,
                    "service_cpu_us_per_event": round(cpu / logged * 1e6, 1),
                }
            finally:
                service.terminate()
                service.wait(30)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            delete_topics(stack_.brokers, [each.name for each in topics.shared()])


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
