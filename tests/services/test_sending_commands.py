"""`crosstie send` and `crosstie simulate`, over HTTP and through an inbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from crosstie.runtime.group_offsets import committed
from crosstie.settings import Settings
from tests.services.commands import Run
from tests.services.ingestion_world import World, eventually, ingestion, joined


@pytest.mark.parametrize(
    "command", [("send", "EVENTS"), ("simulate", "--members", "50", "--days", "1", "--send")]
)
async def test_a_platform_that_does_not_exist_is_said_and_nothing_sent(
    crosstie: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "events").write_text(json.dumps(joined("ada")))
    arguments = [each.replace("EVENTS", str(tmp_path / "events")) for each in command]
    done = await crosstie(*arguments, "--platform", "nosuch", "--json")
    assert done.exit_code == 1
    assert "no platform nosuch" in done.stderr
    assert json.loads(done.stdout)["sent"] == 0


async def test_what_precedes_a_line_that_cannot_be_read_is_sent_and_counted(
    crosstie: Run, tmp_path: Path
) -> None:
    (tmp_path / "events").write_text(f"{json.dumps(joined('ada'))}\n{{oops\n")
    sent = await crosstie("send", str(tmp_path / "events"), "--platform", "members", "--json")
    assert sent.exit_code == 1
    told = json.loads(sent.stdout)
    assert told["sent"] == 1
    assert told["error"].startswith("line 2 is not JSON")
    assert "1 events sent before it" in sent.stderr


async def test_a_simulation_through_the_inbox_leaves_no_dead_letter(
    world: World, crosstie: Run
) -> None:
    await world.connection.execute(
        "UPDATE registry.platforms SET sources = '{/simulated}', authorities = '{made}'"
    )
    arguments = ("--members", "50", "--source", "/simulated", "--authority", "made")
    async with ingestion(world.settings):
        sent = await crosstie("simulate", *arguments, "--send", "--platform", "members")
        assert sent.exit_code == 0
        assert "dlq list" in sent.stdout
        await eventually(lambda: read_to_the_end(world.settings))
    assert (await crosstie("dlq", "list")).stdout == ""


async def read_to_the_end(settings: Settings) -> bool:
    """Whether ingestion has taken in, or refused, everything on the platform's inbox."""
    inbox = settings.topics.inbox("members").name
    read = await committed(settings.brokers, f"{settings.topic_prefix}ingestion", inbox)
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap) as consumer:
        ends = await consumer.end_offsets([TopicPartition(inbox, each) for each in read])
    return read == {each.partition: end for each, end in ends.items()}
