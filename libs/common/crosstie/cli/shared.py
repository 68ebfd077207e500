"""What several commands need: the settings from the environment, and leaving on Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from crosstie.cli.needed import BOOTSTRAP, need, refuse
from crosstie.errors import Misconfigured, Transient

_LOOKS, _LOOK_SECONDS = 3, 0.3
T = TypeVar("T")
INTERRUPTED = 130  # as shells say it: 128 + SIGINT

if TYPE_CHECKING:
    from rich.console import Console

    from crosstie.brokers import Brokers
    from crosstie.settings import Settings


def settings(*, kafka: bool = False, postgres: bool = False) -> Settings:
    """Settings of the system this command talks to, and whether the servers it needs are there.

    Exits with 2, naming all that is missing or wrong; raises BrokerAway, DatabaseAway with the address.
    """
    from pydantic import ValidationError

    from crosstie.runtime import reachable
    from crosstie.settings import Settings
    from crosstie.settings_faults import faults

    try:
        found = Settings()
    except ValidationError as error:
        refuse(faults(error, Settings))
    if kafka:
        asyncio.run(reachable.kafka(found.brokers))
    if postgres:
        asyncio.run(reachable.postgres(found.database_url.get_secret_value()))
    return found


def brokers_at(bootstrap: str) -> Brokers:
    """Kafka at this address, spoken to as the environment says.

    Exits with 2 where none is given, or a variable is wrong; raises Misconfigured.
    """
    from pydantic import ValidationError

    from crosstie.kafka_settings import KafkaSettings
    from crosstie.settings_faults import faults

    need({BOOTSTRAP: bootstrap})
    try:
        return KafkaSettings().brokers_at(bootstrap)
    except ValidationError as error:
        refuse(faults(error, KafkaSettings))


async def given_stack(console: Console, environment: Mapping[str, str], data: Path | None) -> None:
    """Say which stack the environment names, if any, and that it is there.

    Raises Transient with the address.
    """
    from crosstie.runtime import reachable
    from crosstie.runtime.stack import BOOTSTRAP, DATABASE

    bootstrap, url = environment.get(BOOTSTRAP), environment.get(DATABASE)
    if not (bootstrap and url) or data is not None:
        return  # `stack` says what is wrong with these
    console.print(
        f"using Kafka at {bootstrap} from {BOOTSTRAP}, "
        f"PostgreSQL at {reachable.postgres_address(url)} from {DATABASE}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    try:
        await reachable.kafka(brokers_at(bootstrap))
        await reachable.postgres(url)
    except Transient as error:
        raise Transient(f"{error}; `unset {BOOTSTRAP} {DATABASE}` starts an own stack") from error


@contextmanager
def restarts_told(console: Console) -> Iterator[None]:
    """Say meanwhile which service or server ended and is started again."""
    told = logging.getLogger("crosstie.supervisor")
    handler = _Restarts(console)
    told.addHandler(handler)
    try:
        yield
    finally:
        told.removeHandler(handler)


class _Restarts(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "crosstie_fields", {})
        name = fields.get("service") or fields.get("server", "")
        why = f": {fields['reason']}" if "reason" in fields else ""
        self._console.print(
            f"{name}: {record.getMessage()}{why}", highlight=False, markup=False, soft_wrap=True
        )


async def platform_topic(brokers: Brokers, platform: str, topic: str) -> None:
    """Raises Misconfigured where the platform's topic does not exist, BrokerAway with the address."""
    from crosstie.runtime import reachable

    for _ in range(_LOOKS):  # one that was just created is not known to every broker yet
        if topic in await reachable.kafka(brokers):
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise Misconfigured(
        f"no platform {platform}: there is no topic {topic}; see `crosstie platforms list`"
    )


def completed(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; exits with 130 where it was interrupted, having ended it in good order."""
    found: list[T] = []

    async def kept() -> None:
        found.append(await work)

    if not run_until_stopped(kept()):
        raise typer.Exit(INTERRUPTED)
    return found[0]


def run_until_stopped(work: Coroutine[Any, Any, None], *, quietly: bool = False) -> bool:
    """Run `work`, or end it in good order at the first SIGINT or SIGTERM; whether it finished.

    That it is ending is said at once, on stderr: it may take a while.
    """
    return asyncio.run(_until_stopped(work, quietly=quietly))


async def _until_stopped(work: Coroutine[Any, Any, None], *, quietly: bool) -> bool:
    task = asyncio.ensure_future(work)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    if threading.current_thread() is threading.main_thread():  # no other one hears of signals
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked.set)
    stopping = asyncio.ensure_future(asked.wait())
    await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        if not quietly:
            print("stopping", file=sys.stderr, flush=True)
        task.cancel()
        await asyncio.wait((task,))
    if task.cancelled():
        return False
    task.result()
    return True
