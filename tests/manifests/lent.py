"""Rules of the pod that operators run commands in: not there unless asked for, and able to do them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from tests.manifests.objects import TOOLS, Manifest, environment, of

_POLICY = "CROSSTIE_POLICY_FILE"
_OWNER = {
    "CROSSTIE_DATABASE_URL": "admin-database-url",
    "CROSSTIE_API_KEY_PEPPER": "api-key-pepper",
    "CROSSTIE_VAULT_KEY": "vault-key",
}
_IN_KAFKA = "kafka-password-operator"


def absent(objects: list[Manifest]) -> Iterator[str]:
    """No pod of it stands by itself, nobody calls it, and it does nothing by itself."""
    for each in _tools(objects):
        labels = each["spec"]["template"]["metadata"]["labels"]
        if each["spec"]["replicas"] != 0:
            yield f"{TOOLS}: replicas must be 0: whoever needs it scales it up"
        if _container(each).get("command") != ["sleep", "infinity"]:
            yield f"{TOOLS}: command must be sleep infinity"
        if any(one["spec"]["selector"].items() <= labels.items() for one in of(objects, "Service")):
            yield f"{TOOLS}: no Service may select it"


def owner(objects: list[Manifest]) -> Iterator[str]:
    """It has the settings of the services, and the owner's login beside their secrets."""
    for each in _tools(objects):
        for setting, key in _OWNER.items():
            if _key(_container(each), setting) != key:
                yield f"{TOOLS}: {setting} must come from the key {key}"


def operator(objects: list[Manifest]) -> Iterator[str]:
    """Where Kafka knows its users it is the operator, and knows the authorities by file."""
    configured = environment(objects)
    if not configured.get("CROSSTIE_KAFKA_SECURITY_PROTOCOL", "").startswith("SASL_"):
        return
    user = f"{configured['CROSSTIE_TOPIC_PREFIX']}operator"
    for each in _tools(objects):
        container = _container(each)
        if _given(container, "CROSSTIE_KAFKA_SASL_USERNAME").get("value") != user:
            yield f"{TOOLS}: CROSSTIE_KAFKA_SASL_USERNAME must be {user}"
        if _key(container, "CROSSTIE_KAFKA_SASL_PASSWORD") != _IN_KAFKA:
            yield f"{TOOLS}: CROSSTIE_KAFKA_SASL_PASSWORD must come from the key {_IN_KAFKA}"
        if not _mounted(container, configured["CROSSTIE_KAFKA_CA_FILE"]):
            yield f"{TOOLS}: {configured['CROSSTIE_KAFKA_CA_FILE']} is not mounted"


def policy(objects: list[Manifest]) -> Iterator[str]:
    """A round that is tried out is decided by what matching decides by."""
    wanted = [
        _given(_container(each), _POLICY)
        for each in of(objects, "Deployment")
        if each["metadata"]["name"] == "crosstie-matching"
    ]
    for each in _tools(objects):
        found = _given(_container(each), _POLICY)
        if [found] != wanted or (found and not _mounted(_container(each), found["value"])):
            yield f"{TOOLS}: {_POLICY} must be that of crosstie-matching, and mounted"


def _tools(objects: list[Manifest]) -> list[Manifest]:
    return [each for each in of(objects, "Deployment") if each["metadata"]["name"] == TOOLS]


def _container(deployment: Manifest) -> Any:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return found


def _given(container: Any, setting: str) -> Any:
    return next((each for each in container["env"] if each["name"] == setting), {})


def _key(container: Any, setting: str) -> str | None:
    key: str | None = (
        _given(container, setting).get("valueFrom", {}).get("secretKeyRef", {}).get("key")
    )
    return key


def _mounted(container: Any, file: str) -> bool:
    folder = str(PurePosixPath(file).parent)
    return any(each["mountPath"] == folder for each in container["volumeMounts"])


RULES = (absent, owner, operator, policy)
