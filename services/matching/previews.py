"""Whom a member would be suggested now: the next round's course for them alone, without effect.

Every replica answers, from the network and the ledger that it keeps; one preview at a time, off the
event loop, so that rounds and reads do not wait for them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from crosstie.errors import Transient
from crosstie.matching import record
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Suggestion
from crosstie.matching.occasion import Occasion
from crosstie.matching.prepared import Prepared
from crosstie.matching.preview import Preview, preview
from crosstie.runtime.database import soon
from crosstie.runtime.shares import Shares
from crosstie.settings import Settings
from services.matching import sql
from services.matching.decide import Fitted, Rules, now, read_back
from services.matching.offloop import off_loop
from services.matching.standing import Standing

if TYPE_CHECKING:
    from services.matching.rounds import Leader

_MOST_WAITING = 16
_MOST_OF_ONE = 4  # platform: one that asks all the time leaves room for others


class Busy(Transient):
    """There is nothing to go by yet."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A preview, and what it was made upon."""

    preview: Preview
    ready: Prepared
    n: int  # the last round
    at: int  # its time
    policy: str
    base: str

    def found(self, most: int) -> tuple[Suggestion, ...]:
        """Whom the next round would suggest, then the next best."""
        return (*self.preview.suggested, *self.preview.next_best)[:most]


@dataclass(frozen=True, slots=True)
class _Read:
    """What round `n` read: offsets of the log, and the base."""

    n: int
    offsets: tuple[int, ...]
    base: Fitted


class Previews:
    """Answers what the round after the last one would suggest to somebody."""

    def __init__(
        self,
        settings: Settings,
        pool: asyncpg.Pool[Any],
        standing: Standing,
        leader: Leader,
        rules: Rules,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._standing = standing
        self._leader = leader
        self._rules = rules
        self._one_at_a_time = asyncio.Lock()
        self._waiting = Shares(_MOST_OF_ONE, _MOST_WAITING)
        self._last: _Read | None = None

    async def of(self, subject: str, most: int, platform: str) -> Seen:
        """As of now. Raises Busy, DatabaseAway, and Over when as many wait already as may."""
        with self._waiting.held(platform):
            async with self._one_at_a_time:
                return await self._seen(subject, most)

    async def _seen(self, subject: str, most: int) -> Seen:
        ledger, n = self._leader.warm
        if n == 0:
            raise Busy("no round was decided yet; try again")
        last = await self._read_by(n)
        ready = await self._standing.now()
        touched = self._standing.touched_since(last.offsets)
        found = await off_loop(
            lambda: self._previewed(ledger, n, last.base, ready, touched, subject, most)
        )
        return Seen(found, ready, n, ledger.at, self._rules.named.digest, last.base.named.digest)

    def _previewed(
        self,
        ledger: Ledger,
        n: int,
        base: Fitted,
        ready: Prepared,
        touched: frozenset[str] | None,
        subject: str,
        most: int,
    ) -> Preview:
        deployment = self._settings.deployment
        return preview(
            ready,
            ledger,
            base.base,
            self._rules.policy,
            Occasion(
                n=n + 1,
                at=max(ledger.at, now(self._settings.clock, self._standing.latest)),
                seed=record.seed(deployment, n + 1),
                deployment=deployment,
                policy_digest=self._rules.named.digest,
                touched=touched,
            ),
            subject=subject,
            most=most,
        )

    async def _read_by(self, n: int) -> _Read:
        """What round `n` read; asked for once, and the base only where it is another. Raises Busy."""
        last = self._last
        if last is None or last.n != n:
            known = None if last is None else last.base
            async with soon(self._pool) as connection:
                digest = None if known is None else known.named.digest
                row = await connection.fetchrow(sql.READ_BY_ROUND, n, digest)
            if row is None:  # PostgreSQL was restored to a time before
                raise Busy("the last round is read back; try again")
            base = known if known and row["body"] is None else await _read(row["body"])
            last = self._last = _Read(n, tuple(msgspec.json.decode(row["offsets"])), base)
        return last


async def _read(body: bytes) -> Fitted:
    try:
        return await off_loop(lambda: read_back(body))
    except msgspec.DecodeError as error:
        raise Busy("the base in place is of another version; try again") from error
