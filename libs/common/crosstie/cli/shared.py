"""What several commands need: the settings from the environment, and leaving on Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from crosstie.errors import Misconfigured

INTERRUPTED = 130  # as shells say it: 128 + SIGINT

if TYPE_CHECKING:
    from crosstie.settings import Settings


def settings(*, kafka: bool = False, postgres: bool = False) -> Settings:
    """Settings of the system this command talks to, and whether the servers it needs are there.

    Raises Misconfigured, naming what is missing; BrokerAway, DatabaseAway with the address.
    """
    from pydantic import ValidationError  # noqa: PLC0415  heavy: only when called

    from crosstie.runtime import reachable  # noqa: PLC0415
    from crosstie.settings import Settings  # noqa: PLC0415

    try:
        found = Settings()
    except ValidationError as error:
        names = [f"CROSSTIE_{'_'.join(map(str, each['loc'])).upper()}" for each in error.errors()]
        raise Misconfigured(
            f"{', '.join(names)}: {error.errors()[0]['msg']}; take them from the `env` that "
            "`crosstie up` prints, or see docs/operators.md"
        ) from error
    if kafka:
        asyncio.run(reachable.kafka(found.kafka_bootstrap))
    if postgres:
        asyncio.run(reachable.postgres(found.database_url.get_secret_value()))
    return found


async def platform_topic(bootstrap: str, platform: str, topic: str) -> None:
    """Raises Misconfigured where the platform's topic does not exist, BrokerAway with the address."""
    from crosstie.runtime import reachable  # noqa: PLC0415  heavy: only when called

    if topic not in await reachable.kafka(bootstrap):
        raise Misconfigured(
            f"no platform {platform}: there is no topic {topic}; see `crosstie platforms list`"
        )


def run_until_stopped(work: Coroutine[Any, Any, None]) -> bool:
    """Run `work`, or end it in good order at the first SIGINT or SIGTERM; whether it finished."""
    return asyncio.run(_until_stopped(work))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> bool:
    task = asyncio.ensure_future(work)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    stopping = asyncio.ensure_future(asked.wait())
    await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
    if task.cancelled():
        return False
    task.result()
    return True
