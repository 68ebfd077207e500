"""`crosstie watch` on a real topic: the newest of what is there, all of it when asked, then what comes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from crosstie.cli.watch import NEWEST
from crosstie.runtime.admin import create_topics
from crosstie.runtime.stack import Stack
from crosstie.topics import Topics

EXAMPLE = Path(__file__).parents[1] / "contract/examples/v1/org.crosstie.suggestion.made.v1.json"
NAME = "intranet"


@pytest.fixture
async def there(stack: Stack, topic_prefix: str) -> int:
    """So many suggestions, over all partitions, written one after the other."""
    topic, count = Topics(topic_prefix).suggestions(NAME), NEWEST + 5
    await asyncio.to_thread(create_topics, stack.brokers, [topic])
    example = json.loads(EXAMPLE.read_text())
    headers = [(name, value.encode()) for name, value in example["headers"]]
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap) as producer:
        for n in range(count):
            value = json.dumps(example["value"] | {"round": n}).encode()
            # Kafka's clock gives them their order: a millisecond apart at least
            await producer.send_and_wait(
                topic.name, value, partition=n % topic.partitions, headers=headers
            )
            await asyncio.sleep(0.002)
    return count


async def watched(stack: Stack, prefix: str, *options: str) -> tuple[Sequence[str], str]:
    """Lines of stdout, and all of stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "crosstie.cli", "watch", NAME, "--bootstrap", stack.bootstrap),
        *("--prefix", prefix, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode().splitlines(), err.decode()


def rounds(lines: Sequence[str]) -> list[int]:
    return [json.loads(line)["round"] for line in lines]


async def test_the_newest_are_shown_and_it_is_said_how_many_are_not(
    stack: Stack, topic_prefix: str, there: int
) -> None:
    lines, said = await watched(stack, topic_prefix, "--from-beginning", "--limit", str(NEWEST))
    assert sum(line.startswith("made introduction") for line in lines) == NEWEST
    assert "round 5," in lines[0]
    assert f"{there - NEWEST} earlier ones are left out" in said
    assert "--last 0" in said


async def test_as_json_all_are_shown_unless_fewer_are_asked_for(
    stack: Stack, topic_prefix: str, there: int
) -> None:
    everything, _ = await watched(
        stack, topic_prefix, "--from-beginning", "--json", "--limit", str(there)
    )
    assert sorted(rounds(everything)) == list(range(there))
    newest, _ = await watched(stack, topic_prefix, "--last", "3", "--json", "--limit", "3")
    assert rounds(newest) == [there - 3, there - 2, there - 1]
