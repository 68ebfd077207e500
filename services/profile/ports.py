"""What delivery needs of the world: a store, an outlet for rows, and the log.

One contract test runs on every store (tests/services/test_profile_store.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.profile.batch import Known, Outcome, Reading, Record

Rows = Sequence[tuple[bytes, bytes | None]]


@dataclass(frozen=True, slots=True)
class Hold:
    """A partition taken over: valid until someone takes it with a greater epoch."""

    partition: int
    epoch: int
    next_offset: int
    latest: int


@dataclass(frozen=True, slots=True)
class Image:
    """What goes to `network.v1` in one Kafka transaction: rows, then the mark.

    A value of None is a tombstone; there is none `beyond`, which are rows that need not fit in memory.
    """

    partition: int
    rows: Rows
    end: int
    latest: int
    beyond: Callable[[], AsyncGenerator[Rows]] | None = field(default=None, compare=False)

    async def pages(self) -> AsyncGenerator[Rows]:
        """All of its rows, a part at a time. Raises what `beyond` raises: DatabaseAway.

        Those beyond come first: they may wait long for their turn, and a transaction ages from its
        first row on.
        """
        if self.beyond is not None:
            async with contextlib.aclosing(self.beyond()) as pages:
                async for page in pages:
                    yield page
        yield self.rows


class Store(Protocol):
    """Where the truth is. Every method may raise DatabaseAway."""

    async def take(self, partition: int, topic_id: str) -> Hold:
        """Own the partition from now on. Raises LogGap when it was filled from another topic."""

    async def confirm(self, hold: Hold) -> None:
        """Raises Fenced when someone else has taken the partition since."""

    async def aim(self, hold: Hold, topic_id: str) -> None:
        """Rows go to that topic from now on; in another one than before there are none yet. Fenced."""

    async def known(self, reading: Reading, latest: int) -> Known:
        """What is known before the batch; right only if `commit` then succeeds."""

    async def commit(self, hold: Hold, outcome: Outcome) -> Image:
        """Store the batch at once or not at all; what is to be published.

        Raises Fenced when the hold is stale or the batch is not the next one, Rejected when the
        database refuses the data itself.
        """

    async def unpublished(self, hold: Hold) -> Image | None:
        """What was committed but maybe not published. Raises Fenced.

        Its rows beyond are right until the hold's owner commits again, or another one opens its outlet.
        """

    async def published(self, image: Image, hold: Hold) -> None:
        """Note that the image is out; forget markers of what it erased. Raises Fenced."""


class Outlet(Protocol):
    """Where the rows of one partition are published; each Outlet fences those opened before it."""

    async def open(self) -> None:
        """Become the one who may publish. Raises BrokerAway."""

    async def topic_id(self) -> str:
        """Which topic it publishes to. Raises BrokerAway."""

    async def publish(self, image: Image) -> None:
        """All of it or nothing. Raises Fenced, BrokerAway; open again before the next try.

        Unpublishable where no try will help before somebody raises a limit.
        """

    async def close(self) -> None:
        """Never raises."""


class Log(Protocol):
    """The partitions of `events.v1` that the group gave us."""

    async def topic_id(self) -> str:
        """Which log this is. Raises BrokerAway, LogGap when it is gone."""

    def start_at(self, partition: int, offset: int) -> None:
        """Read on from `offset`; at once, so that no other owner comes between."""

    async def fetch(self, partition: int) -> Sequence[Record]:
        """The next records, none after a while without any. Raises BrokerAway, LogGap."""

    async def still_ours(self, partition: int, offset: int) -> bool:
        """Whether the group still counts us as the owner; notes `offset` there for lag displays."""
