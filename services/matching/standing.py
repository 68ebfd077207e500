"""The network as rounds and previews read it, kept up with what was read from `network.v1`.

Leader and followers alike: taking over, and answering what would be suggested now, wait for nothing
but what changed since.
"""

from __future__ import annotations

import asyncio

from crosstie.matching.prepared import Prepared
from crosstie.network.rows import Rows
from crosstie.network.view import Network
from services.matching.assembly import Cut, News
from services.matching.offloop import off_loop
from services.matching.reader import Reader


class Standing:
    """One `Prepared`, brought up to date whenever it is asked for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._prepared: Prepared | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def latest(self) -> int:
        """Greatest event time that was read."""
        return self._reader.network.latest

    @property
    def members(self) -> int:
        """How many there were when it was last asked for."""
        return 0 if self._prepared is None else len(self._prepared.network.members)

    def touched_since(self, offsets: tuple[int, ...]) -> frozenset[str] | None:
        """Keys of rows that may differ from those of a round at `offsets`; None: any may."""
        return self._reader.network.touched_since(offsets)

    async def now(self) -> Prepared:
        """As of this moment."""
        async with self._one_at_a_time:
            return await self._after(self._reader.network.news())

    async def cut(self) -> tuple[Cut, Prepared]:
        """As of a cut that is made now, for a round; only the leader asks for these."""
        async with self._one_at_a_time:
            cut, news = self._reader.network.cut(), self._reader.network.news()
            return cut, await self._after(news)

    async def _after(self, news: News) -> Prepared:
        before, network = self._prepared, self._reader.network
        if before is not None and news.keys == frozenset():
            return before
        try:
            rows, after = await off_loop(lambda: prepared(news, before))
        except BaseException:
            self._prepared = None
            network.tell_all()
            raise
        network.keep(news, rows)
        self._prepared = after
        return after


def prepared(news: News, before: Prepared | None) -> tuple[Rows, Prepared]:
    """All rows as of the news, and what a round reads; `before` is what it read before these."""
    rows = news.rows()
    if before is None or news.keys is None:
        return rows, Prepared.of(Network.of(rows))
    return rows, before.after(rows, news.keys)
