"""One partition at work on ports in memory, and what must come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from crosstie.network.wire import encode
from services.profile import batch
from services.profile.batch import Known
from services.profile.memory import MemoryLog, MemoryOutlet, MemoryStore, MemoryTopic
from services.profile.partition import Partition
from services.profile.ports import Image
from tests.profile_log import ALMA, BORIS, CHIDI, Logged, Writer, in_order

PUBLISHING = "partition 0, publishing"


class World:
    """One database, one topic, one log; any number of workers that fight over partition 0."""

    def __init__(self, records: Sequence[Logged], keys: dict[str, bytes] | None = None) -> None:
        self.records = list(records)
        self.store = MemoryStore()
        self.store.data_keys = dict(keys or {})
        self.topic = MemoryTopic()
        self.unready: dict[str, str] = {}
        self.most = 3

    def worker(self, store: Any = None, outlet: Any = None) -> Partition:
        return Partition(
            0,
            MemoryLog({0: list(self.records)}, most=self.most),
            store or self.store,
            outlet or MemoryOutlet(self.topic),
            self.unready,
        )

    @property
    def folded(self) -> int:
        return self.store.partitions[0].next_offset if self.store.partitions else 0

    @property
    def published(self) -> int:
        return self.store.partitions[0].published_offset if self.store.partitions else 0

    @property
    def all_out(self) -> bool:
        return self.published == len(self.records)


@asynccontextmanager
async def at_work(worker: Partition) -> Any:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        worker.release()
        await task


async def until(condition: Callable[[], bool]) -> None:
    """Turns of the loop, not seconds: how busy the machine is makes no difference."""
    for _ in range(50_000):  # ten times what any test here takes
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def contacts(write: Writer, count: int) -> list[Logged]:
    pairs = [(ALMA, BORIS), (ALMA, CHIDI), (BORIS, CHIDI)]
    return in_order(*(write.met(*pairs[n % 3]) for n in range(count)))


def clean_fold(records: Sequence[Logged], keys: dict[str, bytes]) -> dict[bytes, bytes]:
    if not records:
        return {}
    outcome = batch.fold(batch.read(0, list(records), {}), Known(keys, {}, {}, 0))
    return {key.encode(): encode(row) for key, row in outcome.rows.items() if row is not None}


def newest(topic: MemoryTopic) -> dict[bytes, bytes]:
    return {key: value for key, value in topic.newest.items() if value is not None}


class Quiet(MemoryLog):
    """A log that answers only once there is something."""

    def __init__(self, records: Sequence[Logged]) -> None:
        super().__init__({0: list(records)})
        self.more = asyncio.Event()

    async def fetch(self, partition: int) -> Sequence[Logged]:
        while not (found := await super().fetch(partition)):
            await self.more.wait()
        return found  # type: ignore[return-value]  # the protocol knows less of a record


class Held(MemoryOutlet):
    """A broker that takes an image when it is let go, and then does as it was told."""

    def __init__(self, topic: MemoryTopic, error: Exception | None = None) -> None:
        super().__init__(topic)
        self.go, self.error = asyncio.Event(), error

    async def publish(self, image: Image) -> None:
        await self.go.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        await super().publish(image)


def waiting(world: World, outlet: MemoryOutlet | None = None) -> Partition:
    log = Quiet(world.records)
    return Partition(0, log, world.store, outlet or MemoryOutlet(world.topic), world.unready)


async def turns() -> None:
    for _ in range(100):
        await asyncio.sleep(0)
