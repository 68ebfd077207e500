"""Where aiokafka asserts that some broker is there, whoever relied on it sees brokers that are away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway
from crosstie.runtime.service import Running
from services.matching.publishing import Publisher
from services.matching.written import Image
from services.profile.log import KafkaLog
from tests.services.ingestion_world import settings_for


class Asserting:
    """A client that knows of no broker, in aiokafka's words."""

    async def commit(self, _offsets: dict[Any, int]) -> None:
        raise AssertionError("Did we not perform bootstrap?")

    async def begin_transaction(self) -> None:
        raise AssertionError("Did we not perform bootstrap?")


async def images() -> AsyncIterator[list[Image]]:
    yield [Image("t.rounds.v1", b"1", (), b"{}")]


async def test_profile_does_not_note_how_far_it_is() -> None:
    client: Any = Asserting()
    reading = KafkaLog(client, Brokers("127.0.0.1:1"), "t.events.v1", 100)
    assert await reading.note({0: 7}) is False


async def test_matching_sends_its_round_again() -> None:
    client: Any = Asserting()
    store: Any = None  # nobody asks it
    publisher = Publisher(settings_for("127.0.0.1:1", "postgresql://x/x", "t."), store, Running())
    with pytest.raises(BrokerAway, match="AssertionError"):
        await publisher._sent(client, [], images())
