"""Who may do what in Kafka: least rights, and no name that is two things at once."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from crosstie import access
from crosstie.topics import Topics

TOPICS = Topics("crosstie.")
NAMES = ("intranet", "intranet-2", "ingestion", "profile", "matching", "platform")
EVERY = access.every(TOPICS, NAMES)


def covers(rule: access.Rule, name: str) -> bool:
    return fnmatchcase(name, f"{rule.name}*" if rule.prefixed else rule.name)


def test_one_user_writes_each_shared_topic_and_one_kind_each_platforms() -> None:
    writers = {
        topic.name: {
            rule.user
            for rule in EVERY
            if (rule.operation, rule.resource) == ("WRITE", "TOPIC") and covers(rule, topic.name)
        }
        for topic in (*TOPICS.shared(), *TOPICS.of_platform("intranet"))
    }
    assert writers == {
        "crosstie.events.v1": {"crosstie.ingestion"},
        "crosstie.dlq.v1": {"crosstie.ingestion"},
        "crosstie.network.v1": {"crosstie.profile"},
        "crosstie.rounds.v1": {"crosstie.matching"},
        "crosstie.suggestions.v1.intranet": {"crosstie.matching"},
        "crosstie.inbox.v1.intranet": {"crosstie.platform.intranet"},
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_platform_has_a_right_on_what_is_of_another_or_of_a_service(name: str) -> None:
    mine = access.of_platform(TOPICS, name)
    assert {rule.user for rule in mine} == {access.platform_user(TOPICS, name)}
    others = [rule for rule in EVERY if rule.user != mine[0].user]
    assert {rule.user for rule in mine}.isdisjoint(rule.user for rule in others)
    groups = [rule.name for rule in others if rule.resource == "GROUP"]
    assert [each for each in groups for rule in mine if covers(rule, each)] == []
    foreign = [t.name for other in NAMES if other != name for t in TOPICS.of_platform(other)]
    foreign += [t.name for t in TOPICS.shared()]
    topics = [rule for rule in mine if rule.resource == "TOPIC"]
    assert [each for each in foreign for rule in topics if covers(rule, each)] == []


def test_another_deployment_shares_no_user_and_no_name() -> None:
    other = access.every(Topics("crosstie-2."), NAMES)
    assert {rule.user for rule in EVERY}.isdisjoint(rule.user for rule in other)
    assert {rule.name for rule in EVERY}.isdisjoint(rule.name for rule in other)
