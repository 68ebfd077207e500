"""What several tests of the services begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from crosstie.runtime.stack import Stack
from tests.services import ingestion_world, matching_world
from tests.services.commands import Run, typed
from tests.services.doors_world import Locked, locked


@pytest.fixture
async def world(
    stack: Stack, database: str, topic_prefix: str
) -> AsyncIterator[ingestion_world.World]:
    """A deployment of ingestion with the platform `members`, without a service yet."""
    async with ingestion_world.world(stack.bootstrap, database, topic_prefix) as made:
        yield made


@pytest.fixture
def crosstie(world: ingestion_world.World) -> Run:
    """The command, about that deployment."""
    return typed(world.settings)


@pytest.fixture
async def village(
    stack: Stack, topic_prefix: str, database: str
) -> AsyncIterator[matching_world.World]:
    """A deployment of matching with twelve people on a ring of ties."""
    settings = matching_world.settings_of(stack, topic_prefix, database)
    async with matching_world.world(settings) as made:
        await made.village(12)
        yield made


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """A stack that lets nobody in without TLS and a user: a Kafka and a PostgreSQL of this module."""
    with locked(tmp_path_factory.mktemp("doors")) as made:
        yield made
