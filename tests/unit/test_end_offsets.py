"""Where a partition ends is told, or nobody knows: never less than there is."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway
from crosstie.runtime import admin

HERE = Brokers("127.0.0.1:1")


def told(monkeypatch: pytest.MonkeyPatch, *offsets: int) -> None:
    """The broker tells these, by partition."""

    def list_offsets(asked: dict[TopicPartition, Any], **_: Any) -> dict[TopicPartition, Any]:
        answers: dict[TopicPartition, Any] = {place: Future() for place in asked}
        for place, answer in answers.items():
            answer.set_result(SimpleNamespace(offset=offsets[place.partition]))
        return answers

    monkeypatch.setattr(admin, "admin", lambda _: SimpleNamespace(list_offsets=list_offsets))


def test_ends_are_told_by_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, 0, 7)
    assert admin.end_offsets(HERE, "t.events.v1", range(2)) == {0: 0, 1: 7}


def test_a_broker_that_does_not_know_yet_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, 7, -1)
    with pytest.raises(BrokerAway, match="nobody says yet"):
        admin.end_offsets(HERE, "t.events.v1", range(2))
