"""Where the faults happen: three brokers and PostgreSQL behind proxies, and workers that use them."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from sqlalchemy import make_url

from crosstie.chaos.fleet import Fleet, fleet
from crosstie.chaos.proxy import Proxy
from crosstie.chaos.volumes import Volume, volume
from crosstie.errors import BrokerAway
from crosstie.runtime.admin import create_topics
from crosstie.runtime.embedded_cluster import NODES, EmbeddedCluster
from crosstie.runtime.embedded_postgres import EmbeddedPostgres
from crosstie.runtime.embedded_server import EmbeddedServer, kept
from crosstie.runtime.migrate import migrate
from crosstie.runtime.telemetry import logger
from crosstie.settings import VAULT_KEY_BYTES, Settings

log = logger("chaos")

POLL_SECONDS = 0.25
TOPICS_SECONDS = 120.0
SERVERS = (*(f"kafka-{id}" for id in range(1, NODES + 1)), "postgres")


@dataclass
class Home:
    """Where all of it lies; nothing stays, unless somebody keeps the logs."""

    path: Path
    kept: bool = False

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def keep_logs(self) -> None:
        """They tell why; and where they are is said."""
        self.kept = True
        print(f"logs are kept in {self.logs}", file=sys.stderr)


@dataclass(frozen=True)
class Stage:
    """Everything that a fault can hit. `settings` lead past the proxy of PostgreSQL."""

    settings: Settings
    servers: Mapping[str, EmbeddedServer]
    volumes: Mapping[str, Volume]
    proxies: Mapping[str, Proxy]
    fleet: Fleet
    workers: tuple[str, ...]
    home: Home

    def signal(self, server: str, number: signal.Signals) -> None:
        """Send a signal to a server; what ends by it is started again."""
        os.kill(self.servers[server].server.pid, number)


@asynccontextmanager
async def stage(
    workers: int, environment: Mapping[str, str], megabytes: int
) -> AsyncIterator[Stage]:
    """All of it ready; nothing is left of it afterwards but, after a failure, its logs.

    `megabytes`: of the volume of every server.
    """
    with _home() as home, ExitStack() as mounts:
        volumes = {
            name: mounts.enter_context(volume(home.path / name, megabytes)) for name in SERVERS
        }
        async with AsyncExitStack() as stack:
            yield await _staged(stack, home, workers, environment, volumes)


@contextmanager
def _home() -> Iterator[Home]:
    home = Home(Path(tempfile.mkdtemp(prefix="crosstie-chaos-")))
    home.path.chmod(0o711)  # PostgreSQL's user passes through
    home.logs.mkdir()
    try:
        yield home
    except BaseException:
        home.keep_logs()
        raise
    finally:
        for part in home.path.iterdir():
            if part != home.logs or not home.kept:
                shutil.rmtree(part, ignore_errors=True)
        if not home.kept:
            shutil.rmtree(home.path, ignore_errors=True)


async def _staged(
    stack: AsyncExitStack,
    home: Home,
    workers: int,
    environment: Mapping[str, str],
    volumes: Mapping[str, Volume],
) -> Stage:
    proxies = {name: Proxy(0) for name in volumes}
    for proxy in proxies.values():
        await proxy.start()
        stack.push_async_callback(proxy.stop)
    at, logs = home.path, home.logs
    cluster = EmbeddedCluster(at, logs, advertised=lambda node: proxies[f"kafka-{node}"].port)
    postgres = EmbeddedPostgres(at / "postgres", logs)
    servers: dict[str, EmbeddedServer] = {**cluster.nodes, "postgres": postgres}
    for name, server in servers.items():
        proxies[name].target = server.port
    for each in (cluster, postgres):
        stack.push_async_callback(asyncio.to_thread, each.stop)
        await asyncio.to_thread(each.start)
    settings = _settings(cluster.bootstrap, postgres.url, environment)
    await _created(settings)
    await asyncio.to_thread(migrate, postgres.url)
    keepers = [asyncio.create_task(kept(name, server, log)) for name, server in servers.items()]
    stack.push_async_callback(_cancelled, keepers)
    theirs = _environment(settings, proxies)
    running, names = await stack.enter_async_context(fleet(theirs, logs, workers))
    return Stage(settings, servers, volumes, proxies, running, names, home)


async def _created(settings: Settings) -> None:
    """All topics are there; three brokers that start on a busy machine may keep us waiting."""
    deadline = monotonic() + TOPICS_SECONDS
    while True:
        try:
            await asyncio.to_thread(create_topics, settings.brokers, settings.topics.shared())
        except BrokerAway:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(POLL_SECONDS)
        else:
            return


def _settings(bootstrap: str, url: str, environment: Mapping[str, str]) -> Settings:
    key = base64.b64encode(secrets.token_bytes(VAULT_KEY_BYTES)).decode()
    said = {
        name.removeprefix("CROSSTIE_").lower(): value
        for name, value in environment.items()
        if name.startswith("CROSSTIE_")
    }
    # a look that decides nothing is recorded soon: else nobody outside sees matching move
    given = {"clock": "log", "round_pause_seconds": "0.3", "empty_round_seconds": "5"} | said
    own = {"kafka_bootstrap": bootstrap, "database_url": url, "vault_key": key}
    return Settings(**(given | own))  # type: ignore[arg-type]


def _environment(settings: Settings, proxies: Mapping[str, Proxy]) -> dict[str, str]:
    """What the workers are told: the proxies."""
    brokers = (proxy.port for name, proxy in proxies.items() if name != "postgres")
    url = make_url(settings.database_url.get_secret_value()).set(port=proxies["postgres"].port)
    said = settings.model_dump(mode="json", exclude_none=True)
    assert settings.vault_key is not None
    if settings.api_key_pepper is not None:
        said["api_key_pepper"] = settings.api_key_pepper.get_secret_value()
    said |= {
        "kafka_bootstrap": ",".join(f"127.0.0.1:{port}" for port in brokers),
        "database_url": url.render_as_string(hide_password=False),
        "vault_key": settings.vault_key.get_secret_value(),
    }
    return {f"CROSSTIE_{name.upper()}": str(value) for name, value in said.items()}


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
