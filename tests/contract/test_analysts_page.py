"""The Python of docs/analysts.md runs as it stands, on a log in real Kafka and a real vault."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from crosstie.runtime.admin import create_topics
from crosstie.runtime.stack import Stack
from crosstie.sealing import wrap
from crosstie.topics import Topics

HERE = Path(__file__).parent / "examples"
PAGE = Path(__file__).parents[2] / "docs" / "analysts.md"
VAULT_KEY = bytes(32)
LOGGED = ("member.joined", "member.described", "offer.posted", "contact.made", "gathering.held")


@pytest.fixture
def past(stack: Stack, topic_prefix: str, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored examples as a log, with the people of these in the vault."""
    monkeypatch.setenv("CROSSTIE_KAFKA_BOOTSTRAP", stack.bootstrap)
    monkeypatch.setenv("CROSSTIE_DATABASE_URL", database)
    monkeypatch.setenv("CROSSTIE_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("CROSSTIE_VAULT_KEY", base64.b64encode(VAULT_KEY).decode())
    topics = Topics(topic_prefix)
    create_topics(stack.brokers, topics.shared())
    produce(stack.bootstrap, topics)
    with psycopg.connect(database) as connection:
        for person in json.loads((HERE / "people.json").read_text()):
            connection.execute(
                "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key) "
                "VALUES (%(subject)s, %(authority)s, %(id)s, %(wrapped)s)",
                person | {"wrapped": wrap(bytes.fromhex(person["data_key"]), VAULT_KEY)},
            )


def produce(bootstrap: str, topics: Topics) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
    for name in LOGGED:
        for each in stored(f"org.crosstie.{name}.v1")["log"]:
            value = base64.b64decode(each["value_base64"])
            headers = [(header, text.encode()) for header, text in each["headers"]]
            producer.produce(topics.events.name, value, each["key"], headers=headers)
    for each in stored("rounds"):
        producer.produce(topics.rounds.name, each["value"], each["key"])
    assert producer.flush(30) == 0


def stored(name: str) -> Any:
    return json.loads((HERE / "v1" / f"{name}.json").read_text())


@pytest.mark.usefixtures("past")
def test_the_page_runs_from_top_to_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    run: Callable[..., None] = exec
    for block in blocks:
        run(compile(block, str(PAGE), "exec"), names)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 members, 1 ties"
    assert said[1] == "2 rounds, 0 suggestions live"
    assert [each for each in said if each.startswith("round ")] == [
        "round 1, policy 9d1f6c0e: made, as introduction",
        "round 2, policy 9d1f6c0e: expired, as introduction",
    ]
    assert "  both: mutual-contacts 1" in said
    assert "  ('staff', 'p-271') can give: offer-meets-need" in said
    assert said[-2:] == [
        "as it is: 0 suggestions, 0 across sectors",  # of two people, who have met
        "changed: 0 suggestions, 0 across sectors",
    ]
