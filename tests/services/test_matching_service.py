"""matching as a process: from rows in `network.v1` to records on a platform's topic."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from crosstie.runtime.stack import Stack
from tests.services.matching_world import World, replica, settings_of, world


@pytest.fixture
async def village(stack: Stack, topic_prefix: str, database: str) -> AsyncIterator[World]:
    async with world(settings_of(stack, topic_prefix, database)) as made:
        yield made


async def test_the_first_round_serves_everyone(village: World) -> None:
    await village.village(12)
    async with replica(village.settings) as one:
        line = await one.said("round")
        await village.round_published(1)
        assert (line["n"], line["full"]) == (1, True)
        assert await one.stop() == 0
    assert [each.n for each in await village.rounds()] == [1]
