"""The network as rounds and previews read it, kept up with what was read from `network.v1`.

Leader and followers alike: taking over, and answering what would be suggested now, wait for nothing
but what changed since.
"""

from __future__ import annotations

import asyncio

from crosstie.matching.prepared import Prepared
from crosstie.network.view import Network
from services.matching.assembly import Cut, News
from services.matching.decide import off_loop
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
        """Everyone whose rows may differ from those of a round at `offsets`; None: anybody's."""
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
        if before is not None and not (news.rows or news.whole):
            return before
        try:
            self._prepared = await off_loop(lambda: prepared(news, before))
        except BaseException:
            self._prepared = None
            network.tell_all()
            raise
        return self._prepared


def prepared(news: News, before: Prepared | None) -> Prepared:
    """What a round reads; `before` is what it read before the news."""
    rows = {key: row for key, row in news.rows.items() if row is not None}
    if before is None or news.whole:
        return Prepared.of(Network.of(rows))
    return before.after(rows, news.rows.keys())
