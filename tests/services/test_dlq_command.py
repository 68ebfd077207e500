"""`crosstie dlq`, as an operator types it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.errors import MessageSizeTooLargeError
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from tests.services.commands import Run
from tests.services.ingestion_world import World, eventually, ingestion, joined


async def test_dead_letters_are_listed_shown_and_replayed(world: World, crosstie: Run) -> None:
    inbox = world.settings.topics.inbox("members").name
    wrong = json.dumps(joined("ada", source="urn:later")).encode()
    async with ingestion(world.settings), world.producer() as producer:
        await producer.send_and_wait(inbox, wrong, b"k")
        (letter,) = await eventually(world.letters)
    (listed,) = json.loads((await crosstie("dlq", "list", "--json")).stdout)
    assert (listed["letter"], listed["pointer"]) == (letter.name, "/source")
    assert "/source is" in (await crosstie("dlq", "list", "--platform", "members")).stdout
    assert json.loads((await crosstie("dlq", "list", "--platform", "x", "--json")).stdout) == []
    shown = json.loads((await crosstie("dlq", "show", letter.name)).stdout)
    assert shown["original"] == {"key": "k", "headers": [], "value": wrong.decode()}

    await world.connection.execute("UPDATE registry.platforms SET sources = '{urn:later}'")
    replayed = json.loads((await crosstie("dlq", "replay", "--all", "--json")).stdout)
    assert replayed == {"replayed": 1, "passed_over": 0, "left": []}
    async with ingestion(world.settings):
        await eventually(world.events)
    (listed,) = json.loads((await crosstie("dlq", "list", "--json")).stdout)
    assert listed["state"] == "replayed"
    assert json.loads((await crosstie("dlq", "list", "--open", "--json")).stdout) == []


async def test_a_dismissed_letter_waits_for_nobody(world: World, crosstie: Run) -> None:
    inbox = world.settings.topics.inbox("members").name
    async with ingestion(world.settings), world.producer() as producer:
        for wrong in (b"wrong", b"wrong too"):
            await producer.send_and_wait(inbox, wrong, partition=0)
        await eventually(lambda: _refused(world, 2))
        hopeless, other = sorted(each.name for each in await world.letters())
        await crosstie("dlq", "replay", hopeless)
        await eventually(lambda: _refused(world, 3))

    told = json.loads((await crosstie("dlq", "dismiss", hopeless, "--json")).stdout)
    assert told == {"dismissed": 1, "passed_over": 0}
    again = await crosstie("dlq", "dismiss", hopeless)
    assert (again.exit_code, again.stdout) == (0, "0 dismissed, 1 passed over\n")
    (listed,) = json.loads((await crosstie("dlq", "list", "--open", "--json")).stdout)
    assert listed["letter"] == other
    found = json.loads((await crosstie("dlq", "list", "--json")).stdout)
    assert Counter(each["state"] for each in found) == {
        "refused again": 1,
        "dismissed": 1,
        "open": 1,
    }
    assert len(await world.letters()) == 3  # `crosstie check` buries by these

    replayed = json.loads((await crosstie("dlq", "replay", "--all", "--json")).stdout)
    assert replayed == {"replayed": 1, "passed_over": 2, "left": []}
    replayed = json.loads((await crosstie("dlq", "replay", hopeless, "--json")).stdout)
    assert replayed["replayed"] == 1
    found = json.loads((await crosstie("dlq", "list", "--json")).stdout)
    assert Counter(each["state"] for each in found) == {"refused again": 1, "replayed": 2}


async def test_letters_that_stay_wrong_do_not_multiply(world: World, crosstie: Run) -> None:
    inbox = world.settings.topics.inbox("members").name
    wrong = 50

    async def listed() -> Counter[str]:
        found = json.loads((await crosstie("dlq", "list", "--json")).stdout)
        return Counter(each["state"] for each in found)

    async def replayed(*which: str) -> tuple[int, int]:
        answer = await crosstie("dlq", "replay", *which, "--json")
        told = json.loads(answer.stdout)
        assert (answer.exit_code, told["left"]) == (0, [])
        return told["replayed"], told["passed_over"]

    async with ingestion(world.settings):
        async with world.producer() as producer:
            for n in range(wrong):
                await producer.send(inbox, f"wrong {n}".encode(), headers=[("h", b"v")])
        await eventually(lambda: _refused(world, wrong))
        assert await listed() == {"open": wrong}

        assert await replayed("--all") == (wrong, 0)
        await eventually(lambda: _refused(world, 2 * wrong))
        assert await listed() == {"open": wrong, "refused again": wrong}

        assert await replayed("--all") == (wrong, wrong)
        await eventually(lambda: _refused(world, 3 * wrong))
        assert await listed() == {"open": wrong, "refused again": 2 * wrong}

    assert await replayed("--all") == (wrong, 2 * wrong)  # and nobody has read them yet
    assert await replayed("--all") == (0, 3 * wrong)
    letter = (await world.letters())[0]
    assert await replayed(letter.name) == (1, 0)
    assert f"{letter.name}  {letter.at}  refused again as" in (await crosstie("dlq", "list")).stdout


async def _refused(world: World, count: int) -> bool:
    return len(await world.letters()) == count


async def test_what_was_too_big_for_a_letter_is_replayed_from_the_inbox(
    world: World, crosstie: Run
) -> None:
    inbox = world.settings.topics.inbox("members").name
    await asyncio.to_thread(_measure_packed, world.settings.kafka_bootstrap, inbox)
    huge = b" " * 5_000_000  # compressed, it fits where it would not
    producer_of = world.producer(compression_type="zstd", max_request_size=8_000_000)
    async with ingestion(world.settings), producer_of as producer:
        await _taken(lambda: producer.send_and_wait(inbox, huge, b"k", headers=[("h", b"v")]))
        (letter,) = await eventually(world.letters)
    assert letter.omitted > 5_000_000
    assert (await crosstie("dlq", "replay", letter.name)).exit_code == 0
    records = await world.records(inbox)
    assert [(each.key, each.value, each.headers[:1]) for each in records] == [
        (b"k", huge, (("h", b"v"),))
    ] * 2


async def _taken(send: Callable[[], Awaitable[Any]]) -> None:
    """A topic's log heeds what was altered a moment after the broker said so."""
    async with asyncio.timeout(60):
        while True:
            try:
                await send()
            except MessageSizeTooLargeError:
                await asyncio.sleep(0.05)
            else:
                return


def _measure_packed(bootstrap: str, topic: str) -> None:
    """An inbox as it was made before the broker unpacked what it is sent, or by other hands."""
    entry = ConfigEntry("compression.type", "producer", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for altered in admin.incremental_alter_configs([resource]).values():
        altered.result()
