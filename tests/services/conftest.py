"""What several tests of the services begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from crosstie.runtime.stack import Stack
from tests.services.matching_world import World, settings_of, world


@pytest.fixture
async def village(stack: Stack, topic_prefix: str, database: str) -> AsyncIterator[World]:
    """A deployment of matching with twelve people on a ring of ties."""
    async with world(settings_of(stack, topic_prefix, database)) as made:
        await made.village(12)
        yield made
