"""The rules of `access.py` in a cluster: what is missing is added, nothing is taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from crosstie.access import Rule
from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, Misconfigured
from crosstie.runtime.admin import admin

_TIMEOUT_SECONDS = 30
_USER = "User:"
_ANY_HOST = "*"


class NoAuthorizer(Misconfigured):
    """The cluster allows everybody everything: it has nothing that could hold a rule."""


def allow(brokers: Brokers, rules: Iterable[Rule]) -> list[Rule]:
    """Add the rules that the cluster lacks; which those were, in order.

    Raises NoAuthorizer, Misconfigured where we may not, BrokerAway.
    """
    wanted = list(rules)
    client = admin(brokers)
    there = {rule for user in sorted({each.user for each in wanted}) for rule in _of(client, user)}
    missing = [each for each in wanted if each not in there]
    if missing:
        futures = client.create_acls(
            [_binding(each) for each in missing], request_timeout=_TIMEOUT_SECONDS
        )
        for future in futures.values():
            _result(future)
    return missing


def _of(client: AdminClient, user: str) -> list[Rule]:
    """The rules for a user that are of our kind: allowed, from everywhere."""
    every_name: Any = None  # typed as text only
    asked = AclBindingFilter(
        ResourceType.ANY,
        every_name,
        ResourcePatternType.ANY,
        f"{_USER}{user}",
        _ANY_HOST,
        AclOperation.ANY,
        AclPermissionType.ALLOW,
    )
    found = _result(client.describe_acls(asked, request_timeout=_TIMEOUT_SECONDS))
    return [
        Rule(
            user,
            each.operation.name,
            each.restype.name,
            each.name,
            each.resource_pattern_type == ResourcePatternType.PREFIXED,
        )
        for each in found
    ]


def _binding(rule: Rule) -> AclBinding:
    return AclBinding(
        ResourceType[rule.resource],
        rule.name,
        ResourcePatternType.PREFIXED if rule.prefixed else ResourcePatternType.LITERAL,
        f"{_USER}{rule.user}",
        _ANY_HOST,
        AclOperation[rule.operation],
        AclPermissionType.ALLOW,
    )


def _result(future: Any) -> Any:
    try:
        return future.result(_TIMEOUT_SECONDS)
    except TimeoutError as error:
        raise BrokerAway("nobody answers about access rules") from error
    except KafkaException as error:
        match error.args[0].code():
            case KafkaError.SECURITY_DISABLED:
                raise NoAuthorizer(
                    "this Kafka has no authorizer, everybody may do everything: set "
                    "authorizer.class.name on its brokers and controllers"
                ) from error
            case KafkaError.CLUSTER_AUTHORIZATION_FAILED:
                raise Misconfigured(
                    "our user may not see or make access rules: CROSSTIE_KAFKA_SASL_USERNAME must be "
                    "one of the cluster's super.users, or may alter the cluster"
                ) from error
            case _:
                raise BrokerAway(f"access rules: {error.args[0].str()}") from error
