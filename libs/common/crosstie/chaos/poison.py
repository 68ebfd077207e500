"""Wrong records in every topic, as a broken or hostile client writes them; drawn from the seed.

What goes into topics that only services write carries a header by which the auditor knows that it
was not they. A record under the key of a real row or round would replace it when the topic is
compacted, or tell another history: against that only access control helps, so none is forged here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from hashlib import blake2b

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct

from crosstie.brokers import Brokers
from crosstie.network.wire import MARK_KEY
from crosstie.replay.sources import Record
from crosstie.runtime.stopping import stop
from crosstie.topics import Topics

PLACES = ("inbox", "log", "network", "rounds", "suggestions", "dlq")
PLANTED = "crosstie-chaos"
_PAUSE_SECONDS = 0.5


class Wrong(Struct, frozen=True):
    """One record to write."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def planted(record: Record) -> bool:
    """Whether it is one of ours in a topic that only services write."""
    return any(name == PLANTED for name, _ in record.headers)


def wrong(seed: int, number: int, where: str) -> tuple[Wrong, ...]:
    """What fault `number` writes into a place."""
    shapes = _AT_A_DOOR if where in {"inbox", "log"} else _INSIDE[where]
    mark = () if where in {"inbox", "log"} else ((PLANTED, b"1"),)
    drawn = _bytes(seed, number)
    return tuple(
        Wrong(
            next(drawn) if each.key == _ANY else each.key,
            next(drawn) if each.value == _ANY else each.value,
            (*each.headers, *mark),
        )
        for each in shapes
    )


async def poisoned(brokers: Brokers, topic: str, records: tuple[Wrong, ...]) -> None:
    """Write them, however long it takes."""
    waiting = [*records]
    while waiting:
        producer = AIOKafkaProducer(**brokers.aiokafka(), acks="all")
        try:
            await producer.start()
            while waiting:
                each = waiting[0]
                await producer.send_and_wait(
                    topic, each.value, key=each.key, headers=[*each.headers]
                )
                waiting.pop(0)
        except KafkaError:
            await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            await stop(producer)


async def aborted(brokers: Brokers, topic: str, records: tuple[Wrong, ...]) -> None:
    """Write them in a transaction and take them back, however long it takes."""
    while True:
        producer = AIOKafkaProducer(**brokers.aiokafka(), transactional_id=f"{PLANTED}-{topic}")
        try:
            await producer.start()
            await producer.begin_transaction()
            for each in records:
                await producer.send(topic, each.value, key=each.key, headers=[*each.headers])
            await producer.flush()
            await producer.abort_transaction()
        except KafkaError:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
        finally:
            await stop(producer)


def topic(topics: Topics, platform: str, where: str) -> str:
    """The topic of a place."""
    named: Mapping[str, str] = {
        "inbox": topics.inbox(platform).name,
        "log": topics.events.name,
        "network": topics.network.name,
        "rounds": topics.rounds.name,
        "suggestions": topics.suggestions(platform).name,
        "dlq": topics.dlq.name,
    }
    return named[where]


def _bytes(seed: int, number: int) -> Iterator[bytes]:
    n = 0
    while True:
        yield blake2b(f"{seed}/{number}/{n}".encode(), digest_size=40).digest()
        n += 1


_ANY = b"any"  # stands for bytes that are drawn
_JSON = b'{"n":1,"members":[{"authority":7}],"suggestion":null}'
_NO_TEXT, _DEEP = b'{"n":"\xff"}', b'{"n":' + b"[" * 100_000  # of these decoders raise other errors
_AT_A_DOOR = (
    Wrong(_ANY, _ANY, (("ce_id", b"\xff"), ("ce_time", b"yesterday"))),
    Wrong(None, b""),
    Wrong(b"", None),
    Wrong(_ANY, b"[" * 5_000),
    Wrong(b"\xff" * 100_000, None),
    Wrong(_ANY, _NO_TEXT, (("content-type", b"application/cloudevents+json"),)),
    Wrong(_ANY, _DEEP, (("ce_specversion", b"1.0"), ("ce_id", b"deep"))),
    Wrong(
        _ANY, _ANY, (("ce_id", b"1"), ("ce_id", b"2"), ("", b""), ("ce_source", b"\x00" * 9_000))
    ),
    Wrong(b"member/AAAAAAAAAAAAAAAA", _ANY, (("ce_specversion", b"1.0"), ("ce_id", b"x"))),
    Wrong(None, _JSON, (("content-type", b"application/cloudevents+json"), ("reply_to", b"x"))),
)
_INSIDE: Mapping[str, tuple[Wrong, ...]] = {
    # a compacted topic takes no record without a key
    "network": (
        Wrong(_ANY, _ANY),
        Wrong(_ANY, None),
        Wrong(MARK_KEY.encode(), _ANY),
        Wrong(b"member/\xff", _JSON),
        Wrong(MARK_KEY.encode(), _NO_TEXT),
        Wrong(b"member/AAAAAAAAAAAAAAAA", _DEEP),
    ),
    "rounds": (
        Wrong(_ANY, _ANY),
        Wrong(None, b""),
        Wrong(b"1", _ANY),
        Wrong(b"1", _JSON),
        Wrong(b"1", _NO_TEXT),
        Wrong(b"1", _DEEP),
        Wrong(b"1/1", _ANY, (("part", b"1/many"),)),
    ),
    "suggestions": (
        Wrong(_ANY, _ANY),
        Wrong(None, b""),
        Wrong(_ANY, _JSON),
        Wrong(_ANY, _NO_TEXT),
        Wrong(_ANY, _DEEP),
    ),
    "dlq": (Wrong(_ANY, _ANY), Wrong(None, b""), Wrong(_ANY, _JSON), Wrong(_ANY, _DEEP)),
}
