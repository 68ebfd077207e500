"""A platform in one file: sends events, reads suggestions, answers them.

Needs a Kafka client and docs/asyncapi/*.yaml, nothing of crosstie. After `crosstie platforms add`:
    python examples/platform.py NAME AUTHORITY SOURCE"""

import sys

del sys.path[0]  # this folder: there, the name of this file hides Python's own `platform`
import asyncio
import json
import os
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

KAFKA = os.environ.get("CROSSTIE_KAFKA_BOOTSTRAP", "localhost:9092")
PREFIX = os.environ.get("CROSSTIE_TOPIC_PREFIX", "crosstie.")
NAME, AUTHORITY, SOURCE = sys.argv[1:4]
PEOPLE = {name: {"authority": AUTHORITY, "id": name} for name in ("amal", "bo", "chris")}
WORK = {"amal": ("hospital", 5), "bo": ("hospital", 3), "chris": ("housing", 3)}  # sector, level


async def send(producer, kind, **data):
    """One CloudEvent in Kafka's binary mode; returns once the broker has it."""
    attributes = {"specversion": "1.0", "id": str(uuid4()), "source": SOURCE}
    attributes |= {"type": f"org.crosstie.{kind}.v1", "time": datetime.now(UTC).isoformat()}
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    headers.append(("content-type", b"application/json"))
    inbox, value = f"{PREFIX}inbox.v1.{NAME}", json.dumps(data).encode()
    await producer.send_and_wait(inbox, value, headers=headers)


async def main():
    options = {"bootstrap_servers": KAFKA, "isolation_level": "read_committed"}
    options |= {"group_id": f"{PREFIX}platform.{NAME}.example", "auto_offset_reset": "earliest"}
    async with (
        AIOKafkaProducer(bootstrap_servers=KAFKA, acks="all") as producer,
        AIOKafkaConsumer(f"{PREFIX}suggestions.v1.{NAME}", **options) as consumer,
    ):
        for name, (sector, level) in WORK.items():
            about = {"member": PEOPLE[name]}
            await send(producer, "member.joined", **about, consent=True)
            await send(producer, "member.described", **about, sector=sector, level=level)
            await send(producer, "availability.set", **about, introductions_per_week=2)
        for other in ("bo", "chris"):
            pair = [PEOPLE["amal"], PEOPLE[other]]
            await send(producer, "contact.made", members=pair, channel="met")
        async for record in consumer:
            print(record.value.decode(), flush=True)
            change = json.loads(record.value)
            if change["state"] == "made":
                members = [side["person"] for side in change["members"]]
                yes = {"suggestion": change["suggestion"], "answer": "accepted"}
                for person in (each for each in members if each["authority"] == AUTHORITY):
                    await send(producer, "suggestion.answered", members=members, by=person, **yes)


asyncio.run(main())
