"""Where aiokafka asserts that some broker is there, whoever relied on it sees brokers that are away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, Fenced
from crosstie.runtime.kafka import started
from crosstie.runtime.service import Running
from services.matching.publishing import Publisher
from services.matching.written import Image
from services.profile import ports
from services.profile.log import KafkaLog
from services.profile.publisher import KafkaOutlet
from tests.services.ingestion_world import settings_for


class Client:
    """A client that answers every call, some with an error."""

    def __init__(self, **errors: BaseException) -> None:
        self._errors = errors

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*_: object, **__: object) -> Any:
            if name in self._errors:
                raise self._errors[name]
            acknowledged = asyncio.get_running_loop().create_future()
            acknowledged.set_result(SimpleNamespace(topic="t.rounds.v1", offset=0))
            return acknowledged if name == "send" else {0}

        return call


def unnamed() -> AssertionError:
    return AssertionError("Did we not perform bootstrap?")  # aiokafka's own, word for word


def publisher() -> Publisher:
    store: Any = None  # nobody asks it
    return Publisher(settings_for("127.0.0.1:1", "postgresql://x/x", "t."), store, Running())


async def images() -> AsyncIterator[list[Image]]:
    yield [Image("t.rounds.v1", b"1", (), b"{}")]


@pytest.fixture
async def failed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """aiokafka's own producer, amid a transaction when its sender failed."""
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", transactional_id="t")
    manager = producer._txn_manager
    manager.set_pid_and_epoch(1, 1)
    manager.begin_transaction()
    manager.fatal_error(KafkaError("of its sender"))
    monkeypatch.setattr(producer.client, "_wait_on_metadata", Client().any)
    yield producer
    assert manager._transaction_waiter.exception()
    await producer.stop()


async def test_profile_publishes_by_no_producer_that_never_started() -> None:
    outlet = KafkaOutlet(lambda _: cast("Any", Client(start=unnamed())), "t", cast("Any", Client()))
    with pytest.raises(BrokerAway, match="perform bootstrap"):
        await outlet.open()
    with pytest.raises(BrokerAway, match="no producer is open"):
        await outlet.publish(ports.Image(0, (), 1, 1))


async def test_profile_does_not_note_how_far_it_is() -> None:
    client: Any = Client(commit=unnamed())
    reading = KafkaLog(client, Brokers("127.0.0.1:1"), "t.events.v1", 100)
    assert await reading.note({0: 7}) is False


async def test_a_client_that_does_not_find_its_coordinator_is_started_again() -> None:
    running = Running()
    running.stop.set()  # else it would try until it works
    with pytest.raises(BrokerAway, match="perform bootstrap"):
        await started(Client(start=unnamed()), running)


async def test_a_producer_whose_sender_failed_is_of_no_use_whatever_one_asks(failed: Any) -> None:
    for call in (failed.begin_transaction, failed.commit_transaction):
        with pytest.raises(AssertionError, match="Invalid state transition"):
            await call()
    with pytest.raises(IllegalOperation, match="not in transaction"):
        await failed.send("t.rounds.v1", b"{}")


@pytest.mark.parametrize("call", ["begin_transaction", "send", "commit_transaction"])
@pytest.mark.parametrize("error", [AssertionError("no"), IllegalOperation("no"), KafkaError("no")])
async def test_matching_sends_its_round_again(call: str, error: Exception) -> None:
    client: Any = Client(**{call: error})
    with pytest.raises(BrokerAway, match=type(error).__name__):
        await publisher()._sent(client, [], images())


@pytest.mark.parametrize("call", ["begin_transaction", "send", "commit_transaction"])
async def test_matching_is_fenced_at_whatever_it_asks(call: str) -> None:
    client: Any = Client(**{call: ProducerFenced()})
    with pytest.raises(Fenced, match="another leader"):
        await publisher()._sent(client, [], images())


async def test_what_our_own_code_asserts_is_no_broker_that_is_away() -> None:
    async def wrong() -> AsyncIterator[list[Image]]:
        yield []
        raise AssertionError("ours")

    client: Any = Client()
    with pytest.raises(AssertionError, match="ours"):
        await publisher()._sent(client, [], wrong())
