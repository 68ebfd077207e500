"""More than a worker can carry, by an inbox: it is acknowledged at once, and waits there.

From a process of its own, for in the one that watches services each would hold up the other:
`python -m crosstie.chaos.inbox_torrent` pours as lines of JSON on its input ask, and says when it has.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from time import monotonic, sleep
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from crosstie.brokers import Brokers
from crosstie.chaos.told import Poured, Record, Told
from crosstie.errors import BrokerAway
from crosstie.replay.delivery import Identity

_TICK_SECONDS = 0.02
_FLUSH_SECONDS = 120.0
_PRODUCER: Mapping[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 50,
    "compression.type": "none",  # as the inbox has it: the broker would have to unpack it
    "queue.buffering.max.messages": 200_000,
    "delivery.report.only.error": True,
    "log_level": 0,
}


class InboxTorrent:
    """Writes to an inbox at a rate of its own, whoever reads it. Through librdkafka: it is faster."""

    def __init__(self, child: asyncio.subprocess.Process, told: Told) -> None:
        self._child = child
        self._told = told
        self._sent = 0

    @property
    def acknowledged(self) -> set[Identity]:
        """All of what was poured."""
        return {self._told.identity(n) for n in range(self._sent)}

    async def pour(self, rate: float, seconds: float) -> Poured:
        """`rate` events a second for so long, each acknowledged. Raises BrokerAway."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        asked = {"first": self._sent, "rate": rate, "seconds": seconds}
        self._child.stdin.write(json.dumps(asked).encode() + b"\n")
        if not (said := await self._child.stdout.readline()):
            raise BrokerAway("what pours into the inbox has ended; it said why on stderr")
        poured = Poured(**json.loads(said))
        self._sent += poured.events
        return poured


@asynccontextmanager
async def inbox_torrent(brokers: Brokers, topic: str, told: Told) -> AsyncIterator[InboxTorrent]:
    """One that may be asked to pour within the block."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdin is not None
    where = {"brokers": brokers.librdkafka(), "topic": topic, "told": asdict(told)}
    child.stdin.write(json.dumps(where).encode() + b"\n")
    try:
        yield InboxTorrent(child, told)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


class _Inbox:
    """A producer, and what it could not deliver."""

    def __init__(self, brokers: Mapping[str, Any], topic: str) -> None:
        self._producer = Producer({**brokers, **_PRODUCER})
        self._topic = topic
        self._failed: list[str] = []

    def pour(self, told: Told, first: int, rate: float, seconds: float) -> Poured:
        """Events from the `first` on, `rate` a second for so long. Raises BrokerAway."""
        begun, sent, events = monotonic(), 0, told.records(first)
        while sent < int(rate * seconds):
            due = int(min(monotonic() - begun, seconds) * rate)
            for _ in range(due - sent):
                self._send(next(events))
            sent = due
            self._producer.poll(0)
            sleep(_TICK_SECONDS)
        if self._producer.flush(_FLUSH_SECONDS) or self._failed:
            raise BrokerAway(f"not all was taken by the inbox: {self._failed[:3]}")
        return Poured(sent, monotonic() - begun)

    def _send(self, record: Record) -> None:
        key, value, headers = record
        while True:
            try:
                self._producer.produce(
                    self._topic, value, key, headers=headers, on_delivery=self._told
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise BrokerAway(str(error)) from error
            else:
                return

    def _told(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(str(error))


def _main() -> None:
    where = json.loads(sys.stdin.readline())
    inbox, told = _Inbox(where["brokers"], where["topic"]), Told(**where["told"])
    for line in sys.stdin:
        print(json.dumps(asdict(inbox.pour(told, **json.loads(line)))), flush=True)


if __name__ == "__main__":
    _main()
