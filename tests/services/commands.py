"""`crosstie` as an operator types it, in a thread, so that a test's own loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from typer.testing import CliRunner, Result

from crosstie.cli import app
from crosstie.settings import Settings

Run = Callable[..., Any]  # of the arguments; awaited for its result


def typed(settings: Settings) -> Run:
    """The command, told where Kafka and PostgreSQL of these settings are."""
    environment = {
        "CROSSTIE_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "CROSSTIE_DATABASE_URL": settings.database_url.get_secret_value(),
        "CROSSTIE_TOPIC_PREFIX": settings.topic_prefix,
    }

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=environment)

    async def in_a_thread(*arguments: str) -> Result:
        return await asyncio.to_thread(run, *arguments)

    return in_a_thread
