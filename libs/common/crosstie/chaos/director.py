"""Lets faults happen when their time has come: one at a time in each track, tracks beside each other.

Servers are one track, the workers of each service another: one of them is always left alone.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from crosstie.chaos.faults import EVERY_BROKER, EVERYTHING, Fault, Kind
from crosstie.chaos.fleet import service_of
from crosstie.chaos.stage import Stage
from crosstie.runtime.guarded import StackFailed
from crosstie.runtime.telemetry import logger

log = logger("chaos")

POLL_SECONDS = 0.1
_REFILL_SECONDS = 0.5
RECOVERY_SECONDS = 120.0  # for a server that was hit, before the next fault of its track

_SIGNALS: Mapping[Kind, signal.Signals] = {
    "kill": signal.SIGKILL,
    "freeze": signal.SIGSTOP,
    "quit": signal.SIGQUIT,
    "collapse": signal.SIGKILL,
}


@dataclass
class Director:
    """Runs a schedule against a stage. `at_the_input` does what happens to what is sent."""

    stage: Stage
    progress: Callable[[], float]  # share of all events that are sent
    at_the_input: Callable[[Fault], Awaitable[None]]
    done: list[Fault] = field(default_factory=list)
    impossible: list[Fault] = field(default_factory=list)  # for want of a right on this machine
    active: int = 0
    reached: float = 0.0  # every fault that begins before this share of the events is over
    last: float = field(default_factory=monotonic)  # when the last fault ended
    _waiting: dict[int, float] = field(default_factory=dict)

    async def run(self, faults: Sequence[Fault]) -> None:
        """All of them, to their ends."""
        tracks: dict[str, list[Fault]] = {}
        self._waiting = {fault.number: fault.at for fault in faults}
        self._reach()
        for fault in faults:
            tracks.setdefault(_track(fault), []).append(fault)
        async with asyncio.TaskGroup() as group:
            for track in tracks.values():
                group.create_task(self._one_by_one(track))

    async def _one_by_one(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            while self.progress() < fault.at:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(POLL_SECONDS)
            log.info("fault", number=fault.number, kind=fault.kind, target=fault.target)
            self.active += 1
            try:
                happened = await self._happen(fault)
            finally:
                self.active -= 1
                self.last = monotonic()
            (self.done if happened else self.impossible).append(fault)
            del self._waiting[fault.number]
            self._reach()

    def _reach(self) -> None:
        self.reached = min(self._waiting.values(), default=1.0)

    async def _happen(self, fault: Fault) -> bool:
        """Whether it could."""
        if fault.kind == "full":
            return await self._full(fault)
        if fault.lane == "servers":
            await self._server(fault)
        elif fault.lane == "workers":
            await self._worker(fault)
        else:
            await self.at_the_input(fault)
        return True

    async def _full(self, fault: Fault) -> bool:
        """Not a byte is left on the server's volume; what it frees meanwhile is taken, too."""
        volume = self.stage.volumes[fault.target]
        if not volume.own:
            return False
        until = monotonic() + fault.seconds
        try:
            while monotonic() < until:
                await asyncio.to_thread(volume.fill)
                await asyncio.sleep(_REFILL_SECONDS)
        finally:
            volume.empty()
        await self._serves_again(fault.target)
        return True

    async def _server(self, fault: Fault) -> None:
        stage = self.stage
        if fault.kind in _SIGNALS:
            hit = [name for name in stage.servers if _concerns(fault, name)]
            for name in hit:
                stage.signal(name, _SIGNALS[fault.kind])
            if fault.target == EVERYTHING:
                for name in stage.workers:
                    stage.fleet.signal(name, signal.SIGKILL)
            await asyncio.sleep(fault.seconds)
            for name in hit:
                if fault.kind == "freeze":
                    stage.signal(name, signal.SIGCONT)
                await self._serves_again(name)
            return
        ways = [proxy for name, proxy in stage.proxies.items() if _concerns(fault, name)]
        for way in ways:
            if fault.kind == "cut":
                way.cut()
            elif fault.kind == "silence":
                way.silence()
            else:
                way.delay_seconds = fault.delay_seconds
        await asyncio.sleep(fault.seconds)
        for way in ways:
            way.mend()

    async def _serves_again(self, name: str) -> None:
        """A second broker goes only when the first is back: two of three must have every record."""
        server = self.stage.servers[name]
        deadline = monotonic() + RECOVERY_SECONDS
        while not await asyncio.to_thread(server.serves):
            if monotonic() > deadline:
                raise StackFailed(f"{name} does not serve again\n{server.server.tail()}")
            await asyncio.sleep(POLL_SECONDS)

    async def _worker(self, fault: Fault) -> None:
        fleet, name = self.stage.fleet, fault.target
        if fault.kind == "kill":
            while not fleet.signal(name, signal.SIGKILL):  # noqa: ASYNC110  between two starts
                await asyncio.sleep(POLL_SECONDS)
        elif fault.kind == "jump":
            fleet.jump(name, fault.by_seconds)
            await asyncio.sleep(fault.seconds)
            fleet.jump(name, 0)
        elif fault.kind == "freeze":
            if fleet.signal(name, signal.SIGSTOP):
                await asyncio.sleep(fault.seconds)
                fleet.signal(name, signal.SIGCONT)
        elif fault.kind == "remove":
            await fleet.remove(name)
            await asyncio.sleep(fault.seconds)
            fleet.add(name)
        else:
            extra = f"{service_of(name)}-extra"
            fleet.add(extra)
            await asyncio.sleep(fault.seconds)
            await fleet.remove(extra)


def _track(fault: Fault) -> str:
    return service_of(fault.target) if fault.lane == "workers" else fault.lane


def _concerns(fault: Fault, server: str) -> bool:
    every_broker = fault.target == EVERY_BROKER and server.startswith(EVERY_BROKER)
    return every_broker or fault.target in {server, EVERYTHING}
