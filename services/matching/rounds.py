"""The leader's work: opens rounds when there is something to decide, commits and publishes them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf

from crosstie.instants import SECOND_US
from crosstie.matching import ledger as ledgers
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.matching.prepared import Prepared
from crosstie.runtime.database import retrying
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from services.matching import figures, tell
from services.matching.decide import (
    Decided,
    Fitted,
    Opening,
    Rules,
    decided,
    delivered,
    fitted,
    next_due,
    now,
    off_loop,
)
from services.matching.figures import Turn
from services.matching.people import People, told
from services.matching.publishing import Publisher
from services.matching.reader import Reader
from services.matching.store import Decision, Head, Store

log = logger("matching.rounds")

_TICK_SECONDS = 0.5
_BREATH_SECONDS = 0.05  # between looks, however fast the network changes


@dataclass
class Leadership:
    """The ledger as the leader holds it in memory: after round `head.n`."""

    head: Head
    ledger: Ledger
    offsets: tuple[int, ...]  # V of the last round
    due: float  # when time alone next frees something
    full_due: float = inf  # when the next full round is; the first is due at once
    fitted: Fitted | None = None
    prepared: Prepared | None = None  # of the last cut

    @classmethod
    def after(cls, head: Head, ledger: Ledger, last: Round | None) -> Leadership:
        """As one finds it when taking over."""
        return cls(head, ledger, last.offsets if last else (), next_due(ledger))

    def follow(self, decision: Decision, full_round_seconds: float) -> None:
        """Go on to the state after `decision`, which is committed."""
        round = decision.round
        self.head = Head(round.n, round.at, round.digest, self.head.published_n)
        self.ledger, self.offsets, self.due = (
            decision.ledger,
            round.offsets,
            next_due(decision.ledger),
        )
        if round.full:
            self.full_due = round.at + full_round_seconds * SECOND_US


class Leader:
    """Runs rounds for as long as it is let."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reader: Reader,
        people: People,
        rules: Rules,
        running: Running,
    ) -> None:
        self._settings = settings
        self._store = store
        self._reader = reader
        self._people = people
        self._rules = rules
        self._running = running
        self._publisher = Publisher(settings, store, running)
        self._held = ""
        self.busy = False  # a round is being decided, committed or published
        self.warm: tuple[Ledger, int] = (ledgers.EMPTY, 0)  # a ledger and the round it is after

    async def warm_up(self) -> None:
        """Fold the rounds of whoever leads, so that taking over takes no time."""
        self.warm = await self._store.ledger(*self.warm)

    async def _caught_up(self) -> None:
        await self.warm_up()
        if self.warm[1] != (await self._store.head()).n:  # PostgreSQL was restored meanwhile
            self.warm = await self._store.ledger()

    async def lead(self) -> None:
        """Take over, then decide round after round until the stop. Raises Fenced, LogGap."""
        mine = await self._taken_over()
        while not self._running.stop.is_set():
            await self._reader.changed(_TICK_SECONDS)
            turn = await self._turn(mine)
            if turn is None:
                await self._running.pause(_BREATH_SECONDS)
                continue
            self.busy = True
            await self._round(mine, turn)
            self.busy = False
            await self._running.pause(self._settings.round_pause_seconds)

    async def resign(self) -> None:
        """Let go of what a leader holds, once `lead` ended, however it did."""
        self.busy = False
        await self._publisher.close()

    async def _taken_over(self) -> Leadership:
        await self._publisher.take_over()
        await retrying(self._caught_up, self._running, "read the ledger")
        await retrying(lambda: self._store.keep_policy(self._rules.named), self._running)
        head = await retrying(self._store.head, self._running)
        last = await retrying(lambda: self._store.round(head.n), self._running)
        self._reader.network.untrack()
        log.info("leading", n=head.n, digest=head.digest)
        return Leadership.after(head, self.warm[0], last)

    async def _turn(self, mine: Leadership) -> Turn | None:
        """The next round, when something is to be decided and nothing stands against it."""
        control = await retrying(self._store.control, self._running, "ask for orders")
        wanted = control.full_wanted > control.full_done
        if control.paused:
            self._hold("paused")
            return None
        timed = min(mine.due, mine.full_due) <= self._at(mine)
        if not (wanted or timed or self._reader.network.touched):
            return None
        begun = time.monotonic()
        await retrying(self._reader.up_to_end, self._running, "read the network")
        if reason := await retrying(lambda: self._against(mine), self._running, "ask for the lag"):
            self._hold(reason)
            return None
        self._hold("")
        cut, at = self._reader.cut(), self._at(mine)
        full = wanted or cut.changed is None or at >= mine.full_due
        if not (full or cut.changed or mine.due <= at):
            return None  # what was touched is as it was
        return Turn(Opening(mine.head.n + 1, at, full, cut, mine.head.digest), control, begun)

    def _at(self, mine: Leadership) -> int:
        """`at` of a round that opens now: never before the last one."""
        return max(mine.head.at, now(self._settings.clock, self._reader.network.latest))

    async def _against(self, mine: Leadership) -> str:
        """Why no round may open, empty when one may."""
        offsets = self._reader.network.offsets
        if not any(offsets):
            return "no events yet"
        if any(now < then for now, then in zip(offsets, mine.offsets, strict=False)):
            return "network.v1 is behind the last round"
        lag = await self._reader.lag(offsets)
        return "profile is far behind the log" if lag > self._settings.hold_lag_events else ""

    def _hold(self, reason: str) -> None:
        if reason != self._held:
            log.info("held" if reason else "open again", reason=reason or self._held)
        self._held = reason
        figures.HELD.set(bool(reason))

    async def _round(self, mine: Leadership, turn: Turn) -> None:
        opening, read = turn.opening, time.monotonic()
        result = await self._decided(mine, opening)
        stepped = time.monotonic()
        decision = await retrying(lambda: self._decision(result, turn), self._running)
        await retrying(lambda: self._store.commit(decision), self._running, "commit")
        committed = time.monotonic()
        mine.follow(decision, self._settings.full_round_seconds)
        self.warm = (mine.ledger, mine.head.n)
        await self._publisher.publish(opening.n)
        figures.told(turn, decision, read, stepped, committed)

    async def _decided(self, mine: Leadership, opening: Opening) -> Decided:
        """The round, decided in a thread; a full one fits a base first, which is kept before use."""
        rules, deployment = self._rules, self._settings.deployment
        if opening.full or mine.fitted is None:
            base = await off_loop(lambda: fitted(opening.cut, rules, opening.at))
            await retrying(lambda: self._store.keep_base(base.named), self._running, "keep a base")
            mine.fitted = base
        used, last = mine.fitted, mine.prepared
        result = await off_loop(
            lambda: decided(opening, mine.ledger, used, rules, deployment, last)
        )
        mine.prepared = result.prepared
        return result

    async def _decision(self, result: Decided, turn: Turn) -> Decision:
        """The round with all that follows from it: whom to tell, in which words."""
        changed = [change.suggestion for change in result.round.changes]
        people = await self._people.named(tell.named_in(changed))
        platforms = await self._people.platforms() if changed else []
        made = {
            change.suggestion.id: told(change.suggestion.members, people, platforms)
            for change in result.round.changes
            if change.cause == "made"
        }
        before = await self._store.told([each.id for each in changed if each.id not in made])
        round = delivered(result.round, made)
        words = tell.Words(result.network, people, self._settings.topics, self._settings.deployment)
        where, whose = before | made, {each.name: each.authorities for each in platforms}
        images = await off_loop(lambda: words.images(round, where, whose))
        return Decision(
            round,
            result.ledger,
            told=where,
            images=images,
            full_answered=turn.control.full_wanted if round.full else 0,
        )
