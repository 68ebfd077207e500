"""The whole system on one machine: a stack, its topics and schemas, three services kept running.

`crosstie up`, the demo and the tests use this one function:

    async with whole_system() as system:
        system.env, system.urls, system.pids(); await system.kill("profile")

Nothing is left running afterwards, also when this process is killed with -9 (see guard.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crosstie.errors import Stop
from crosstie.runtime.admin import create_topics
from crosstie.runtime.embedded_server import EmbeddedServer, kept
from crosstie.runtime.environment import environment_of, settings_of
from crosstie.runtime.guarded import StackFailed
from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import Stack, stack
from crosstie.runtime.supervised import Liveness, Supervised, all_ready
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings

log = logger("supervisor")
T = TypeVar("T")

SERVICES = ("ingestion", "profile", "matching")
READY_SECONDS = 600.0  # the first start compiles: a minute of a processor, more on a busy machine
AS_KUBERNETES = Liveness()


@dataclass(frozen=True)
class System:
    """A system that is ready; `env` lets any process start a service or a client against it."""

    env: Mapping[str, str]
    settings: Settings
    stack: Stack
    services: Mapping[str, Supervised]
    logs: Path

    @property
    def urls(self) -> dict[str, str]:
        """Base URL of every service; the same after a restart."""
        return {name: service.url for name, service in self.services.items()}

    def pids(self) -> dict[str, int]:
        """Of the services, and of Kafka and PostgreSQL when they are ours; without those that are down."""
        ours = _servers(self.stack)
        programs = {name: server.server for name, server in ours.items()} | dict(self.services)
        found: dict[str, int] = {}
        for name, program in programs.items():
            with contextlib.suppress(StackFailed):  # it ended since
                if program.running:
                    found[name] = program.pid
        return found

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a service, `kafka` or `postgres`; what ends by it is started again."""
        os.kill(self.pids()[name], number)

    async def ready(
        self, limit_seconds: float = READY_SECONDS, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        """Return once every service is ready (again); `tell` hears who is not yet, and why."""
        await all_ready(self.services, limit_seconds, tell)


@asynccontextmanager
async def whole_system(
    services: Collection[str] = SERVICES,
    *,
    data: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    liveness: Liveness | None = AS_KUBERNETES,
    kafka: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[System]:
    """Start everything, wait until it is ready, keep it running, and leave nothing behind.

    `environment` may name a stack that runs already, and any setting (`CROSSTIE_*`). With `data`,
    Kafka, PostgreSQL and the vault key are kept there. `kafka` adds to its server.properties.
    `tell` hears of each step.
    """
    tell("starting Kafka and PostgreSQL")
    leave = threading.Event()
    starting = stack(data, kafka=kafka, environment=environment, leave=leave)
    async with _in_threads(starting, leave) as components:
        env = environment_of(components, data, environment)
        settings = settings_of(env)
        tell("creating topics, migrating schemas")
        await asyncio.to_thread(create_topics, settings.brokers, settings.topics.shared())
        await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
        with _logs(components) as logs:
            kept = {
                name: Supervised(name, env, logs, liveness) for name in SERVICES if name in services
            }
            system = System(env, settings, components, kept, logs)
            async with _supervised(system):
                tell(f"starting {', '.join(kept) or 'no service'}")
                await system.ready(tell=tell)
                yield system


@asynccontextmanager
async def _supervised(system: System) -> AsyncIterator[None]:
    """Services and our own servers kept running meanwhile; the services stopped afterwards."""
    keepers = [asyncio.create_task(each.keep()) for each in system.services.values()]
    keepers += [
        asyncio.create_task(kept(name, server, log))
        for name, server in _servers(system.stack).items()
    ]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        stops = [each.stop() for each in system.services.values()]
        await asyncio.shield(asyncio.gather(*stops, return_exceptions=True))


def _servers(components: Stack) -> dict[str, EmbeddedServer]:
    """Those that are ours."""
    both: dict[str, EmbeddedServer | None]
    both = {"kafka": components.kafka, "postgres": components.postgres}
    return {name: server for name, server in both.items() if server is not None}


@contextmanager
def _logs(components: Stack) -> Iterator[Path]:
    """Where the services log: beside Kafka's and PostgreSQL's logs, or a directory kept on failure."""
    if components.logs is not None:
        yield components.logs
        return
    logs = Path(tempfile.mkdtemp(prefix="crosstie-logs-"))
    try:
        yield logs
    except Exception:
        print(f"logs of the services are kept in {logs}", file=sys.stderr)
        raise
    except BaseException:  # Ctrl-C is no failure
        shutil.rmtree(logs, ignore_errors=True)
        raise
    shutil.rmtree(logs, ignore_errors=True)


@asynccontextmanager
async def _in_threads(
    context: AbstractContextManager[T], leave: threading.Event
) -> AsyncIterator[T]:
    """`context` entered and left off the event loop, and left also when we are cancelled meanwhile.

    Then `leave` tells the thread that enters it to give up.
    """
    exits = ExitStack()
    entering = asyncio.ensure_future(asyncio.to_thread(exits.enter_context, context))
    try:
        value = await asyncio.shield(entering)
    except asyncio.CancelledError:
        leave.set()
        await asyncio.wait((entering,))
        failed = entering.exception()
        if failed is not None and not isinstance(failed, Stop):
            raise failed from None
        await asyncio.to_thread(exits.close)
        raise
    try:
        yield value
    except BaseException:
        await asyncio.to_thread(exits.__exit__, *sys.exc_info())
        raise
    await asyncio.to_thread(exits.close)
