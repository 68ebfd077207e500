"""The store, the outlet and the log in memory: same contract, for tests of delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crosstie.errors import Fenced, LogGap
from crosstie.network.dedupe import Seen
from crosstie.network.state import Row
from crosstie.network.wire import encode
from services.profile.batch import Known, Outcome, Reading, Record, Refused
from services.profile.ports import Hold, Image, Rows


@dataclass
class _Partition:
    topic_id: str
    network_id: str | None = None
    all_anew: bool = False  # rows that need not fit in memory
    epoch: int = 1
    next_offset: int = 0
    published_offset: int = 0
    latest: int = 0
    inbox: dict[bytes, Seen] = field(default_factory=dict)
    rows: dict[str, tuple[int, Row | None]] = field(default_factory=dict)  # version, row
    quarantine: dict[int, Refused] = field(default_factory=dict)


class MemoryStore:
    """See ports.Store; one object is one database, shared by all who fight over it."""

    def __init__(self) -> None:
        self.data_keys: dict[str, bytes] = {}
        self.partitions: dict[int, _Partition] = {}

    async def take(self, partition: int, topic_id: str) -> Hold:
        kept = self.partitions.get(partition)
        if kept is None:
            kept = self.partitions[partition] = _Partition(topic_id)
        elif kept.topic_id != topic_id:
            raise LogGap(f"partition {partition} was filled from {kept.topic_id}, not {topic_id}")
        else:
            kept.epoch += 1
        return Hold(partition, kept.epoch, kept.next_offset, kept.latest)

    async def confirm(self, hold: Hold) -> None:
        self._held(hold)

    async def aim(self, hold: Hold, topic_id: str) -> None:
        kept = self._held(hold)
        if kept.network_id not in (None, topic_id):
            kept.published_offset, kept.all_anew = 0, True
        kept.network_id = topic_id

    async def known(self, reading: Reading, latest: int) -> Known:
        kept = self.partitions[reading.partition]
        return Known(
            data_keys={s: self.data_keys[s] for s in reading.sealed if s in self.data_keys},
            seen={i: kept.inbox[i] for i in reading.identities if i in kept.inbox},
            rows={key: kept.rows[key][1] for key in reading.keys if key in kept.rows},
            latest=latest,
        )

    async def commit(self, hold: Hold, outcome: Outcome) -> Image:
        kept = self._held(hold)
        if kept.next_offset != outcome.start:
            raise Fenced(f"the next offset is {kept.next_offset}, not {outcome.start}")
        kept.next_offset, kept.latest = outcome.end, outcome.latest
        kept.inbox |= outcome.remember
        kept.rows |= {key: (outcome.end, row) for key, row in outcome.rows.items()}
        kept.quarantine |= {each.offset: each for each in outcome.refused}
        for subject in outcome.erased:
            self.data_keys.pop(subject, None)
        return _image(hold.partition, kept, outcome.rows)

    async def unpublished(self, hold: Hold) -> Image | None:
        kept = self._held(hold)
        if kept.published_offset == kept.next_offset:
            return None
        rows = {
            k: row for k, (version, row) in kept.rows.items() if version > kept.published_offset
        }
        image = _image(hold.partition, kept, rows)
        if not kept.all_anew:
            return image

        async def beyond() -> AsyncGenerator[Rows]:
            for each in image.rows:
                if each[1] is not None:
                    yield [each]

        return replace(image, rows=[each for each in image.rows if each[1] is None], beyond=beyond)

    async def published(self, image: Image, hold: Hold) -> None:
        kept = self._held(hold)
        kept.published_offset = max(kept.published_offset, image.end)
        kept.all_anew = False
        for key, value in image.rows:
            version, row = kept.rows.get(key.decode(), (image.end + 1, None))
            if value is None and row is None and version <= image.end:
                del kept.rows[key.decode()]

    def _held(self, hold: Hold) -> _Partition:
        kept = self.partitions[hold.partition]
        if kept.epoch != hold.epoch:
            raise Fenced(f"epoch {hold.epoch} is stale, it is {kept.epoch} now")
        return kept


def _image(partition: int, kept: _Partition, rows: dict[str, Row | None]) -> Image:
    encoded = [(key.encode(), None if row is None else encode(row)) for key, row in rows.items()]
    return Image(
        partition, sorted(encoded, key=lambda each: each[0]), kept.next_offset, kept.latest
    )


@dataclass
class MemoryTopic:
    """`network.v1` of one partition: its newest values, marks, and who may write."""

    newest: dict[bytes, bytes | None] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)
    opened: int = 0
    id: str = "the-network"


class MemoryOutlet:
    """See ports.Outlet; several on one topic fence one another as producers do."""

    def __init__(self, topic: MemoryTopic) -> None:
        self._topic = topic
        self._epoch = 0

    async def open(self) -> None:
        self._topic.opened += 1
        self._epoch = self._topic.opened

    async def topic_id(self) -> str:
        return self._topic.id

    async def publish(self, image: Image) -> None:
        if self._epoch != self._topic.opened:
            raise Fenced("another producer has the transactional id")
        rows = [row async for page in image.pages() for row in page]
        self._topic.newest |= dict(rows)
        self._topic.images.append(replace(image, rows=rows, beyond=None))

    async def close(self) -> None:
        self._epoch = 0


class MemoryLog:
    """See ports.Log; `records` may be added to at any time."""

    def __init__(self, records: Mapping[int, Sequence[Record]], *, most: int = 1000) -> None:
        self.records = records
        self.most = most
        self.id = "the-log"
        self.positions: dict[int, int] = {}

    async def topic_id(self) -> str:
        return self.id

    def start_at(self, partition: int, offset: int) -> None:
        self.positions[partition] = offset

    async def fetch(self, partition: int) -> Sequence[Record]:
        await asyncio.sleep(0)
        position = self.positions[partition]
        found = [each for each in self.records[partition] if each.offset >= position][: self.most]
        if found:
            self.positions[partition] = found[-1].offset + 1
        return found

    async def still_ours(self, partition: int, _offset: int) -> bool:
        return partition in self.records
