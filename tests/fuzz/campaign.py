"""A campaign at both doors of one running service: every input is answered or dead, and none is lost."""

from __future__ import annotations

import itertools
import random
import resource
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from crosstie import dlq
from crosstie.runtime.service import _http
from crosstie.runtime.stack import Stack
from tests.fuzz import at_http, at_kafka
from tests.services.ingestion_world import World, ingestion, world

SOCKET_SHARE = 50  # one of so many inputs of HTTP goes over a socket
WRONG_SHOWN = 20


@dataclass(frozen=True)
class Outcome:
    """The figures of a campaign; `lost` and `wrong` should be empty."""

    seed: int
    inputs: dict[str, int]
    http: dict[str, int]
    socket: dict[str, int]
    kafka: dict[str, int]
    lost: list[str]
    wrong: list[str]
    seconds: float
    peak_mib: int


async def campaign(stack: Stack, database: str, prefix: str, seed: int, inputs: int) -> Outcome:
    """At least half of `inputs` at each door; a seed replays a campaign."""
    begun = time.monotonic()
    options: dict[str, Any] = {"requests_per_second": 1e9, "log_level": "ERROR"}
    async with (
        world(stack.bootstrap, database, prefix, **options) as made,
        ingestion(made.settings) as (service, running),
    ):
        half = inputs // 2
        sockets = half // SOCKET_SHARE
        draws = _seeded(seed)
        written = await at_kafka.produced(made, itertools.islice(draws, inputs - half))
        told = await at_http.over_asgi(service.api, draws, half - sockets, made.key)
        async with _http(service.api, made.settings) as port:
            on_socket = await at_http.over_a_socket(port, draws, sockets, made.key)
        await at_kafka.read_up(made, written)
        assert not running.unready, running.unready
        logged, dead = await _logged(made), await _dead(made)
    alive = {place: id for place, id in written.places.items() if place not in dead}
    wanted = told.accepted | on_socket.accepted | {str(id) for id in alive.values()}
    return Outcome(
        seed=seed,
        inputs={"kafka": len(written.places), "http": told.inputs, "socket": on_socket.inputs},
        http=dict(sorted(told.statuses.items())),
        socket=dict(sorted(on_socket.statuses.items())),
        kafka={"logged": len(alive), "dead letters": len(dead & written.places.keys())},
        lost=sorted(wanted - logged)[:WRONG_SHOWN],
        wrong=(told.wrong + on_socket.wrong)[:WRONG_SHOWN],
        seconds=round(time.monotonic() - begun, 1),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _seeded(seed: int) -> Iterator[at_http.Draw]:
    """For each input its own numbers to draw, so that one is found again without those before."""
    for number in itertools.count():
        yield random.Random(f"{seed}/{number}"), number


async def _logged(made: World) -> set[str]:
    """The ids in the log; of a pair of a gathering, the gathering's."""
    found: set[str] = set()
    async for each in _records(made, made.settings.topics.events.name):
        id = dict(each.headers)["ce_id"].decode()
        found |= {id, id.rsplit("/", 2)[0]}
    return found


async def _dead(made: World) -> set[at_kafka.Place]:
    found: set[at_kafka.Place] = set()
    async for each in _records(made, made.settings.topics.dlq.name):
        letter = dlq.read(each.key, each.value, each.headers)
        found.add((letter.partition, letter.offset))
    return found


async def _records(made: World, topic: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=made.settings.kafka_bootstrap, max_partition_fetch_bytes=8 * 1024 * 1024
    )
    await consumer.start()
    try:
        partitions = await consumer._client._wait_on_metadata(topic)
        places = [TopicPartition(topic, each) for each in sorted(partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(each) < ends[each] for each in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for each in records:
                    yield each
    finally:
        await consumer.stop()
