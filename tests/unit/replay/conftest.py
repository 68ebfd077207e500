"""What most books begin with."""

from __future__ import annotations

import pytest

from tests.unit.replay.world import ANN, BOB, World


@pytest.fixture
def world() -> World:
    """Two members who have not met."""
    world = World()
    world.join(ANN, BOB)
    return world
