"""matching: every replica tells marks beyond the log once, and when they are over; reads go on."""

from __future__ import annotations

import asyncio

import pytest
from confluent_kafka.admin import AdminClient

from crosstie.runtime.admin import create_topics
from services.matching import ahead
from tests.services.matching_running import Here, here
from tests.services.matching_world import World, change, until

FORGED = 10**9
TOLD, OVER = "mark beyond the log", "mark no longer beyond the log"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(ahead, "DOUBT_SECONDS", 0.0)


async def ready(one: Here) -> bool:
    async with one.asking("nobody") as client:
        answer = await client.get("/health/ready")
    return answer.status_code == 200


async def counted(one: Here) -> float:
    async with one.asking("nobody") as client:
        answer = await client.get("/metrics")
    (found,) = [
        line for line in answer.text.splitlines() if line.startswith("crosstie_network_ahead ")
    ]
    return float(found.split()[1])


async def becomes_ready(one: Here) -> None:
    async def there() -> bool:
        assert one.alive()
        return await ready(one)

    await until(there)


async def test_a_forged_mark_is_told_by_leader_and_follower_until_profiles_next_one(
    village: World,
) -> None:
    hand, strange, topics = village.hand, 0, village.settings.topics
    end = hand.ends.get(strange, 0)
    async with here(village.settings) as leader, here(village.settings) as follower:
        await village.round_published(1)
        for each in (leader, follower):
            await becomes_ready(each)
        hand.ends[strange] = hand.logged[strange] = FORGED
        await village.mark(strange)
        line = await leader.said(TOLD, 2)  # what either logs is seen by both
        told = {each: line[each] for each in ("level", "topic", "partition", "mark", "log", "end")}
        assert told == {
            "level": "ERROR",
            "topic": topics.network.name,
            "partition": strange,
            "mark": FORGED,
            "log": topics.events.name,
            "end": end,
        }
        assert "let nobody but profile write" in line["remedy"]
        for each in (leader, follower):
            assert await ready(each)
            assert await counted(each) == 1
        hand.ends[strange] = hand.logged[strange] = end
        await village.mark(strange)
        assert (await leader.said(OVER, 2))["level"] == "INFO"
        assert await counted(leader) == 0
        await change(village, 2)
        await village.round_published(2)
        assert [len(leader.logged(each)) for each in (TOLD, OVER)] == [2, 2]


async def test_a_log_that_was_made_again_is_told_by_partition_until_it_is_restored(
    village: World,
) -> None:
    hand, topics = village.hand, village.settings.topics
    partitions = len(hand.ends)
    async with here(village.settings) as one:
        await village.round_published(1)
        await becomes_ready(one)
        await asyncio.to_thread(made_again, village)
        line = await one.said(TOLD, partitions)
        assert f"{topics.events.name} was made again, restore it" in line["remedy"]
        assert {each["end"] for each in one.logged(TOLD)} == {0}
        assert await ready(one)
        assert await counted(one) == partitions
        hand.logged.clear()
        for partition, end in hand.ends.items():
            await hand.log_up_to(partition, end)
        await one.said(OVER, partitions)
        assert {each["partition"] for each in one.logged(OVER)} == set(hand.ends)
        assert await counted(one) == 0


def made_again(village: World) -> None:
    settings = village.settings
    admin = AdminClient(settings.brokers.librdkafka())
    name = settings.topics.events.name
    admin.delete_topics([name])[name].result()
    while name in admin.list_topics(timeout=10).topics:
        pass
    create_topics(settings.brokers, [settings.topics.events])
