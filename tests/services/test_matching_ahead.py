"""matching: marks beyond the log are named by readiness, on every replica, until they are over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from crosstie.runtime.admin import create_topics
from services.matching import ahead
from tests.services.matching_running import Here, here
from tests.services.matching_world import World, change, until

FORGED = 10**9


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(ahead, "DOUBT_SECONDS", 0.0)


async def readiness(one: Here) -> tuple[int, dict[str, Any]]:
    async with one.asking("nobody") as client:
        answer = await client.get("/health/ready")
    return answer.status_code, answer.json()["reasons"]


async def becomes(one: Here, status: int) -> str:
    """Wait until it is ready, or not any more; the reason that marks are."""

    async def there() -> bool:
        assert one.alive()
        return (await readiness(one))[0] == status

    await until(there)
    reasons: dict[str, str] = (await readiness(one))[1]
    assert set(reasons) <= {"network"}
    return reasons.get("network", "")


async def test_a_forged_mark_makes_leader_and_follower_unready_until_profiles_next_one(
    village: World,
) -> None:
    hand, strange = village.hand, 0
    end = hand.ends.get(strange, 0)
    async with here(village.settings) as leader, here(village.settings) as follower:
        await village.round_published(1)
        for each in (leader, follower):
            await becomes(each, 200)
        hand.ends[strange] = hand.logged[strange] = FORGED
        await village.mark(strange)
        for each in (leader, follower):
            reason = await becomes(each, 503)
            topics = village.settings.topics
            assert f"{topics.network.name}/0 is at {FORGED}" in reason
            assert f"{topics.events.name}/0 ends at {end}" in reason
            assert "let nobody but profile write" in reason
        hand.ends[strange] = hand.logged[strange] = end
        await village.mark(strange)
        for each in (leader, follower):
            await becomes(each, 200)
        await change(village, 2)
        await village.round_published(2)


async def test_a_log_that_was_made_again_is_named_until_it_is_restored(village: World) -> None:
    hand, topics = village.hand, village.settings.topics
    async with here(village.settings) as one:
        await village.round_published(1)
        await becomes(one, 200)
        await asyncio.to_thread(made_again, village)
        reason = await becomes(one, 503)
        assert f"{topics.events.name} was made again, restore it" in reason
        assert " ends at 0," in reason
        hand.logged.clear()
        for partition, end in hand.ends.items():
            await hand.log_up_to(partition, end)
        await becomes(one, 200)


def made_again(village: World) -> None:
    settings = village.settings
    admin = AdminClient(settings.brokers.librdkafka())
    name = settings.topics.events.name
    admin.delete_topics([name])[name].result()
    while name in admin.list_topics(timeout=10).topics:
        pass
    create_topics(settings.brokers, [settings.topics.events])
