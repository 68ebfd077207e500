"""A small campaign at both doors; `make fuzz` runs greater ones."""

from __future__ import annotations

import pytest

from crosstie.runtime.stack import Stack
from tests.fuzz.campaign import campaign

INPUTS = 2_000


@pytest.mark.slow
async def test_every_input_is_answered_or_dead_and_none_is_lost(
    stack: Stack, database: str, topic_prefix: str
) -> None:
    found = await campaign(stack, database, topic_prefix, 1, INPUTS)
    assert not found.wrong
    assert not found.lost
    assert found.inputs["http"] + found.inputs["socket"] >= INPUTS // 2
    assert sum(found.kafka.values()) == found.inputs["kafka"]
    assert {"202", "400", "401", "413", "415", "422"} <= found.http.keys()
    assert all(found.kafka.values())
