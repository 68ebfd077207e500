"""Which partitions are ours: one `Partition` at work for each that the group assigns.

aiokafka makes an assignment live before it calls back, and swallows what the callback raises: so
everything is held back before the first await, and the taking over happens in tasks that retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import ConsumerRebalanceListener, TopicPartition

from crosstie.runtime.stopping import cut_short
from crosstie.runtime.telemetry import logger
from services.profile.log import KafkaLog
from services.profile.partition import Partition

log = logger("profile")

RELEASE_SECONDS = 6.0  # then what still works is cut off: safe at any point, only slower to resume
CUT_SHORT_SECONDS = 2.0


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """The partitions at work; `failed` gets the first error that no retry can mend."""

    def __init__(self, log_: KafkaLog, make: Callable[[int], Partition]) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._log = log_
        self._make = make
        self._working: dict[int, tuple[Partition, asyncio.Task[None]]] = {}
        self.assigned = asyncio.Event()
        self._closed = False

    @property
    def numbers(self) -> list[int]:
        """The partitions at work."""
        return sorted(self._working)

    @property
    def reached(self) -> dict[int, int]:
        """Of each partition at work, the next offset it folds."""
        return {n: each.next_offset for n, (each, _) in sorted(self._working.items())}

    @property
    def reading(self) -> list[int]:
        """Those that wait for the log, and for nothing else."""
        return [n for n, (partition, _) in sorted(self._working.items()) if partition.reading]

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._log.hold_back(assigned)
        if self._closed:
            return
        for number in sorted(each.partition for each in assigned):
            partition = self._make(number)
            task = asyncio.create_task(partition.run(), name=f"partition-{number}")
            task.add_done_callback(self._ended)
            self._working[number] = partition, task
        self.assigned.set()
        log.info("assigned", partitions=sorted(self._working))

    async def on_partitions_revoked(self, _revoked: set[TopicPartition]) -> None:
        await self.release()

    async def close(self) -> None:
        """Release everything, and take nothing more."""
        self._closed = True
        await self.release()

    async def release(self) -> None:
        """Let every partition finish its batch and go; note how far they came."""
        working, self._working = self._working, {}
        for partition, _ in working.values():
            partition.release()
        if not working:
            return
        tasks = [task for _, task in working.values()]
        _, late = await asyncio.wait(tasks, timeout=RELEASE_SECONDS)
        await asyncio.gather(*(cut_short(task, CUT_SHORT_SECONDS) for task in late))
        await self._log.note({n: each.next_offset for n, (each, _) in working.items()})

    async def note(self) -> None:
        """Tell the group how far the partitions are, for lag displays and autoscaling."""
        if offsets := self.reached:
            await self._log.note(offsets)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A partition at work never ends by itself, not even as if it had been cancelled."""
        error = None if task.cancelled() else task.exception()
        if error is None and any(task is mine for _, mine in self._working.values()):
            error = RuntimeError(f"{task.get_name()} ended before its time")
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)
