"""One service as a process that is kept running: whenever it ends or goes mute, it starts again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx

from crosstie.runtime.guarded import Guarded, Program, StackFailed, free_port
from crosstie.runtime.telemetry import logger

log = logger("supervisor")

GRACE_SECONDS = 27.0  # a service ends within 25
KEPT_FROM = {"matching": ("CROSSTIE_VAULT_KEY",)}  # as deploy/ keeps it: it never opens the vault
POLL_SECONDS = 0.1
MOST_REASONS = 2  # shown of a service that is not ready: profile has one for every partition
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0  # ran that long: the next pause is the first again


@dataclass(frozen=True, slots=True)
class Liveness:
    """When a process that still runs counts as dead, as a probe of Kubernetes would judge."""

    every_seconds: float = 5.0
    mute_seconds: float = 45.0  # longer than a hand with SIGSTOP, or a swapping machine
    start_seconds: float = 120.0


class Supervised:
    """A service under supervision; it keeps its port, so its URL, over restarts."""

    def __init__(
        self,
        name: str,
        environment: Mapping[str, str],
        logs: Path,
        liveness: Liveness | None,
        through: Sequence[str] = (),
    ) -> None:
        """`through`: a module, and its arguments, that runs the service's."""
        self.name = name
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.starts = 0
        self._liveness = liveness
        self._process = Guarded(
            Program(
                name,
                [sys.executable, "-m", *through, f"services.{name}"],
                logs / f"{name}.log",
                {**environment, "CROSSTIE_HTTP_HOST": "127.0.0.1", "CROSSTIE_HTTP_PORT": str(port)},
                kept_from=KEPT_FROM.get(name, ()),
                grace_seconds=GRACE_SECONDS,
            )
        )

    @property
    def pid(self) -> int:
        """Of the service itself; another one after every restart. Raises StackFailed between two."""
        return self._process.pid

    @property
    def program(self) -> Program:
        """What is run, and with which variables."""
        return self._process.program

    @property
    def running(self) -> bool:
        return self._process.running

    def tail(self) -> str:
        """Where its log is, and its end."""
        return self._process.tail()

    async def keep(self) -> None:
        """Run it until cancelled, restarting with growing pauses."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            started = monotonic()
            refused = await self._ran()
            steady = monotonic() - started > STEADY_SECONDS
            pause = FIRST_PAUSE_SECONDS if steady else min(2 * pause, LONGEST_PAUSE_SECONDS)
            told = (
                "service did not start, tried again" if refused else "service ended, starts again"
            )
            log.warning(told, service=self.name, pause_seconds=pause, **refused)
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL when it takes longer than its grace."""
        await asyncio.to_thread(self._process.stop)

    async def ready(self, client: httpx.AsyncClient) -> bool:
        """Whether its own readiness probe says so."""
        return await self.lacks(client) is None

    async def lacks(self, client: httpx.AsyncClient) -> str | None:
        """None once it is ready; until then its name, and why it is not, where it says so."""
        try:
            answer = await client.get(f"{self.url}/health/ready")
            if answer.is_success:
                return None
            said: dict[str, str] = answer.json()["reasons"]
        except (httpx.HTTPError, ValueError, KeyError):
            return self.name
        first = [f"{what}: {why}" for what, why in said.items()][:MOST_REASONS]
        more = [f"and {len(said) - len(first)} more"] if len(said) > len(first) else []
        return f"{self.name} ({'; '.join((*first, *more))})"

    async def _ran(self) -> dict[str, str]:
        """Start it and wait until it ended; why it did not start, if so."""
        try:
            self._process.start()
        except OSError as error:
            return {"reason": str(error)}
        self.starts += 1
        await self._ended()
        return {}

    async def _ended(self) -> None:
        """Return once the process is gone; a mute one is killed first."""
        gone = asyncio.ensure_future(self._gone())
        mute = asyncio.ensure_future(self._mute())
        try:
            await asyncio.wait((gone, mute), return_when=asyncio.FIRST_COMPLETED)
            if not gone.done():
                log.warning("service is mute, killed", service=self.name)
                await asyncio.to_thread(self._process.kill)
        finally:
            gone.cancel()
            mute.cancel()

    async def _gone(self) -> None:
        while self._process.running:  # noqa: ASYNC110  a process raises no event
            await asyncio.sleep(POLL_SECONDS)

    async def _mute(self) -> None:
        """Return when the liveness probe has failed for too long; never without a `Liveness`."""
        if (rule := self._liveness) is None:
            await asyncio.Event().wait()
            return
        deadline = monotonic() + rule.start_seconds
        async with httpx.AsyncClient(timeout=rule.every_seconds, trust_env=False) as client:
            while monotonic() < deadline:
                if await self._probe(client, "live"):
                    deadline = monotonic() + rule.mute_seconds
                await asyncio.sleep(rule.every_seconds)

    async def _probe(self, client: httpx.AsyncClient, probe: str) -> bool:
        try:
            return (await client.get(f"{self.url}/health/{probe}")).is_success
        except httpx.HTTPError:
            return False


async def all_ready(
    services: Mapping[str, Supervised],
    limit_seconds: float,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Return once every service is ready; `tell` hears meanwhile who is not, and why.

    Raises StackFailed with the reasons and the logs' ends.
    """
    deadline = monotonic() + limit_seconds
    waiting = dict(services)
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        while True:
            late = {name: await service.lacks(client) for name, service in waiting.items()}
            waiting = {name: waiting[name] for name, lacks in late.items() if lacks is not None}
            if not waiting:
                return
            words = ", ".join(lacks for lacks in late.values() if lacks is not None)
            tell(f"waiting for {words}")
            if monotonic() > deadline:
                ends = "\n".join(service.tail() for service in waiting.values())
                raise StackFailed(f"not ready within {limit_seconds:g} s: {words}\n{ends}")
            await asyncio.sleep(POLL_SECONDS)
