"""The example of docs/platforms.md is a real platform: it runs with Kafka and nothing of ours."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from crosstie import api_keys, registry
from crosstie.runtime.admin import create_topics
from crosstie.runtime.supervisor import System, whole_system

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform.py"
LIMIT_SECONDS = 90.0


async def test_the_example_sends_reads_and_answers_until_both_have_accepted(
    environment: Mapping[str, str],
) -> None:
    async with whole_system(environment=environment) as system:
        await add_platform(system, "example", "people", "/example")
        states = await states_until(system, "accepted", "example", "people", "/example")
    assert states[0] == "made"
    assert "accepted" in states


def test_the_example_is_short_and_imports_nothing_of_crosstie() -> None:
    source = EXAMPLE.read_text()
    imports = re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    assert set(imports) - set(sys.stdlib_module_names) == {"aiokafka"}
    assert len(source.splitlines()) < 60


async def add_platform(system: System, name: str, authority: str, source: str) -> None:
    connection = await asyncpg.connect(system.settings.database_url.get_secret_value())
    try:
        await api_keys.register(connection, registry.checked(name, [source], [authority]), b"")
    finally:
        await connection.close()
    topics = system.settings.topics.of_platform(name)
    await asyncio.to_thread(create_topics, system.settings.brokers, topics)


async def states_until(system: System, last: str, *arguments: str) -> list[str]:
    """States of the suggestions that the example prints, up to one that is `last`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
        *arguments,
        env={**os.environ, **system.env},
        stdout=asyncio.subprocess.PIPE,
    )
    states: list[str] = []
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            assert process.stdout is not None
            while not states or states[-1] != last:
                states.append(json.loads(await process.stdout.readline())["state"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return states
