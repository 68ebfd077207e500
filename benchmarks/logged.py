"""A log as a busy platform would fill it: contacts of acquaintances, members' own words."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from crosstie import logrecord, sealing
from crosstie.network.state import member_key, tie_key
from crosstie.network.strength import DAY_US

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
