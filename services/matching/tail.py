"""The end of `rounds.v1`: which rounds are out, whatever PostgreSQL remembers."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import IsolationLevel

from crosstie.errors import BrokerAway, LogGap
from crosstie.matching.model import Round
from crosstie.matching.record import Record, genuine, joined
from crosstie.runtime.admin import end_offsets
from crosstie.runtime.away import reached
from crosstie.runtime.kafka import consumer_options, started
from crosstie.runtime.stopping import stop
from crosstie.settings import Settings

RESTORE = "restore it by `crosstie rounds restore` or from your copy (docs/operators.md#back-up)"
_FIRST_RECORDS = 64  # looked back at first; eightfold with every further look


async def rounds_from(settings: Settings, n: int) -> tuple[list[Round], int]:
    """The rounds in `rounds.v1` from round `n` or an earlier one to the last, in order; and its end.

    Records that matching did not write are passed over.
    Call it after fencing the predecessor: then nothing is pending. Raises BrokerAway, LogGap.
    """
    here = TopicPartition(settings.topics.rounds.name, 0)
    consumer = AIOKafkaConsumer(**consumer_options(settings))
    try:
        await started(consumer)
        consumer.assign([here])
        written = await _written(settings, here)
        with reached():
            out, end = await _looked_back(consumer, here, n)
    finally:
        await stop(consumer)
    if end < written:  # ours ended when the predecessor was fenced
        raise BrokerAway(
            f"{here.topic} can be read up to offset {end} of {written}: somebody else's transaction is "
            "open there and hides what comes after; it ends by itself, or `kafka-transactions.sh` ends it"
        )
    return out, end


async def _written(settings: Settings, here: TopicPartition) -> int:
    """Where it ends, with what is not committed. Raises BrokerAway."""
    ask = IsolationLevel.READ_UNCOMMITTED
    ends = await asyncio.to_thread(end_offsets, settings.brokers, here.topic, [here.partition], ask)
    return ends[here.partition]


async def _looked_back(
    consumer: AIOKafkaConsumer, here: TopicPartition, n: int
) -> tuple[list[Round], int]:
    begin = (await consumer.beginning_offsets([here]))[here]
    end = (await consumer.end_offsets([here]))[here]
    _begins_at_one(await _records(consumer, here, begin, min(begin + _FIRST_RECORDS, end)))
    back = _FIRST_RECORDS
    while True:
        start = max(begin, end - back)
        rounds = list(genuine(joined(await _records(consumer, here, start, end))))
        if start == begin or (rounds and rounds[0].n <= n):
            return rounds, end
        back *= 8


def _begins_at_one(first: list[Record]) -> None:
    """The log of rounds is kept for ever. Raises LogGap where earlier rounds than its first are gone."""
    earliest = next(genuine(joined(first)), None)
    if earliest is not None and earliest.n > 1:
        raise LogGap(
            f"rounds.v1 begins at round {earliest.n}, must at 1: it was made again under its name, or cut; "
            f"{RESTORE}"
        )


async def _records(
    consumer: AIOKafkaConsumer, here: TopicPartition, start: int, end: int
) -> list[Record]:
    consumer.seek(here, start)
    found: list[Record] = []
    while await consumer.position(here) < end:
        for records in (await consumer.getmany(here, timeout_ms=500)).values():
            found += (_record(each) for each in records)
    return found


def _record(each: Any) -> Record:
    """Also of what no matcher wrote, where anything may be missing."""
    headers = tuple((name, value or b"") for name, value in each.headers)
    return Record(each.key or b"", each.value or b"", headers)
