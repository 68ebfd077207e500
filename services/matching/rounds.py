"""The leader's work: opens rounds when there is something to decide, commits and publishes them."""

from __future__ import annotations

import asyncio
import contextlib
import time

from crosstie import instants
from crosstie.matching import ledger as ledgers
from crosstie.matching import record
from crosstie.matching.drawing import ordered
from crosstie.matching.flows import Solver
from crosstie.matching.ledger import Ledger
from crosstie.runtime.database import retrying
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from services.matching import figures, tell
from services.matching.bases import Bases
from services.matching.decide import Decided, Rules, decided, delivered
from services.matching.figures import Turn
from services.matching.garbage import leave_what_is_held
from services.matching.keeping import Keeper
from services.matching.leadership import Leadership
from services.matching.offloop import off_loop
from services.matching.people import People, told
from services.matching.publishing import Publisher
from services.matching.reader import Reader
from services.matching.solver import SolverFailed
from services.matching.standing import Standing
from services.matching.store import Store
from services.matching.turns import Turns
from services.matching.written import Decision

log = logger("matching.rounds")

_TICK_SECONDS = 0.5
_BREATH_SECONDS = 0.05  # between looks, however fast the network changes


class Leader:
    """Runs rounds for as long as it is let."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reader: Reader,
        standing: Standing,
        people: People,
        rules: Rules,
        solve: Solver,
        running: Running,
    ) -> None:
        self._settings = settings
        self._store = store
        self._reader = reader
        self._people = people
        self._rules = rules
        self._solve = solve
        self._running = running
        self._publisher = Publisher(settings, store, running)
        self._turns = Turns(settings, store, reader, standing, running)
        self._bases = Bases(settings, store, standing, rules, running)
        self._keeper = Keeper(store, running)
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
        fitting = asyncio.create_task(self._bases.keep_fitting())
        try:
            while not self._running.stop.is_set():
                await self._look(mine)
        finally:
            fitting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await fitting

    async def resign(self) -> None:
        """Let go of what a leader holds, once `lead` ended, however it did."""
        self.busy = False
        await self._keeper.close()
        await self._publisher.close()

    async def _taken_over(self) -> Leadership:
        await self._publisher.take_over()
        await retrying(self._caught_up, self._running, "read the ledger")
        await retrying(lambda: self._store.keep_policy(self._rules.named), self._running)
        head = await retrying(self._store.head, self._running)
        last = await retrying(lambda: self._store.round(head.n), self._running)
        self._reader.network.untrack()
        self._bases.forget()
        log.info("leading", n=head.n, digest=head.digest)
        return Leadership.after(head, self.warm[0], last)

    async def _look(self, mine: Leadership) -> None:
        """Wait until there is something to look at, then decide a round where one is due."""
        await self._reader.changed(_TICK_SECONDS)
        if self._bases.outgrown:
            mine.full_due = mine.head.at  # a full round is due now: only these change the base
        turn = await self._turns.next(mine)
        if turn is None:
            await self._running.pause(_BREATH_SECONDS)
            return
        self.busy = True
        await self._round(mine, turn)
        self.busy = False
        await off_loop(lambda: self._prepare(mine, turn))
        next = turn.begun + self._settings.round_pause_seconds
        await self._running.pause(max(next - time.monotonic(), _BREATH_SECONDS))

    async def _round(self, mine: Leadership, turn: Turn) -> None:
        read = time.monotonic()
        try:
            result = await self._decided(mine, turn)
        except SolverFailed as failed:  # for want of memory, likely: what happened still settles
            figures.unsolved(turn, failed, mine.rest(full=turn.opening.full))
            turn = turn.settling()
            result = await self._decided(mine, turn)
        opening = turn.opening
        if not (result.round.changes or turn.to_record):
            seconds = self._settings.empty_round_seconds
            mine.pass_over(opening.at, seconds, settle_only=opening.settle_only)
            figures.EMPTY.inc()
            return
        stepped = time.monotonic()
        decision = await retrying(lambda: self._decision(result, turn), self._running)
        await retrying(lambda: self._store.commit(decision), self._running, "commit")
        committed = time.monotonic()
        mine.follow(decision, self._settings.full_round_seconds)
        self.warm = (mine.ledger, mine.head.n)
        self._keeper.after(mine.head.n, mine.ledger)
        if not opening.settle_only:
            self._reader.network.draw_line()
        if opening.full:
            self._bases.after_full_round(mine.head)
        await self._publisher.publish(opening.n)
        figures.told(turn, decision, read, stepped, committed)
        if opening.full:
            await off_loop(leave_what_is_held)

    def _prepare(self, mine: Leadership, turn: Turn) -> None:
        """What the next round and all previews until then ask for, while nobody waits."""
        mine.ledger.derive()
        seed = record.seed(self._settings.deployment, mine.head.n + 1)
        ordered(seed, turn.ready.network.subjects)

    async def _decided(self, mine: Leadership, turn: Turn) -> Decided:
        """The round, decided in a thread."""
        opening, ready, rules, solve = turn.opening, turn.ready, self._rules, self._solve
        base = await self._bases.for_round(ready.network, opening.at, full=opening.full)
        deployment = self._settings.deployment
        return await off_loop(
            lambda: decided(opening, mine.ledger, base, rules, deployment, ready, solve)
        )

    async def _decision(self, result: Decided, turn: Turn) -> Decision:
        """The round with all that follows from it: whom to tell, in which words."""
        changed = [change.suggestion for change in result.round.changes]
        people = await self._people.named(tell.named_in(changed))
        asked_at = instants.now()
        platforms = await self._people.platforms() if changed else []
        made = {
            change.suggestion.id: told(change.suggestion.members, people, platforms)
            for change in result.round.changes
            if change.cause == "made"
        }
        before = await self._store.told([each.id for each in changed if each.id not in made])
        round = delivered(result.round, made, asked_at)
        where, whose = before | made, {each.name: each.authorities for each in platforms}
        to = (self._settings.topics, self._settings.deployment)
        images = await off_loop(
            lambda: tell.Words(result.network, people, *to).images(round, where, whose)
        )
        return Decision(
            round,
            result.ledger,
            told=where,
            images=images,
            full_answered=turn.control.full_wanted if round.full else 0,
        )
