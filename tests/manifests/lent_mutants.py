"""Mistakes to plant in the locked overlay: the pod of operators' commands, and what reaches what."""

from __future__ import annotations

from typing import Any

from tests.manifests.mutants import Mutation, container, deployment, one, pod
from tests.manifests.objects import Manifest

_DATABASE, _PASSWORD = "CROSSTIE_DATABASE_URL", "CROSSTIE_KAFKA_SASL_PASSWORD"


def _tools(objects: list[Manifest]) -> Any:
    return container(objects, "tools")


def _setting(objects: list[Manifest], name: str) -> Any:
    (found,) = (each for each in _tools(objects)["env"] if each["name"] == name)
    return found


def _key(objects: list[Manifest], setting: str, key: str) -> None:
    _setting(objects, setting)["valueFrom"]["secretKeyRef"].update(key=key)


def _unset(objects: list[Manifest], setting: str) -> None:
    _tools(objects)["env"].remove(_setting(objects, setting))


def _unmounted(objects: list[Manifest], name: str) -> None:
    for each in (pod(objects, "tools")["volumes"], _tools(objects)["volumeMounts"]):
        each[:] = [one for one in each if one["name"] != name]


def _out(objects: list[Manifest]) -> Any:
    return one(objects, "NetworkPolicy", "out")["spec"]["egress"]


LENT_MUTANTS: dict[str, tuple[Mutation, str]] = {
    "the owner's login in a pod that always stands": (
        lambda o: deployment(o, "tools").update(replicas=1),
        "crosstie-tools: replicas must be 0",
    ),
    "a service in the place of tools": (
        lambda o: _tools(o).update(command=["python", "-m", "services.profile"]),
        "crosstie-tools: command must be sleep infinity",
    ),
    "tools that are called": (
        lambda o: deployment(o, "tools")["template"]["metadata"]["labels"].update(
            {"app.kubernetes.io/name": "crosstie-profile"}
        ),
        "crosstie-tools: no Service may select it",
    ),
    "tools with a token": (
        lambda o: pod(o, "tools").update(automountServiceAccountToken=True),
        "crosstie-tools: automountServiceAccountToken",
    ),
    "tools that write where they like": (
        lambda o: _tools(o)["securityContext"].pop("readOnlyRootFilesystem"),
        "crosstie-tools: the root file system",
    ),
    "tools with a service's login": (
        lambda o: _key(o, _DATABASE, "database-url"),
        "crosstie-tools: CROSSTIE_DATABASE_URL must come from the key admin-database-url",
    ),
    "tools that cannot open the vault": (
        lambda o: _unset(o, "CROSSTIE_VAULT_KEY"),
        "crosstie-tools: CROSSTIE_VAULT_KEY is not given",
    ),
    "tools that make keys which no service knows": (
        lambda o: _unset(o, "CROSSTIE_API_KEY_PEPPER"),
        "crosstie-tools: CROSSTIE_API_KEY_PEPPER is not given",
    ),
    "tools that know no Kafka": (
        lambda o: _tools(o).pop("envFrom"),
        "crosstie-tools: CROSSTIE_KAFKA_BOOTSTRAP is not given",
    ),
    "tools that Kafka takes for a service": (
        lambda o: _setting(o, "CROSSTIE_KAFKA_SASL_USERNAME").update(value="crosstie.profile"),
        "crosstie-tools: CROSSTIE_KAFKA_SASL_USERNAME must be crosstie.operator",
    ),
    "tools with a service's password": (
        lambda o: _key(o, _PASSWORD, "kafka-password-profile"),
        "crosstie-tools: CROSSTIE_KAFKA_SASL_PASSWORD must come from the key kafka-password-operator",
    ),
    "tools without the authorities": (
        lambda o: _unmounted(o, "authorities"),
        "crosstie-tools: /etc/crosstie-tls/kafka-ca.crt is not mounted",
    ),
    "tools that try rounds out by another policy": (
        lambda o: _unset(o, "CROSSTIE_POLICY_FILE"),
        "crosstie-tools: CROSSTIE_POLICY_FILE must be that of crosstie-matching",
    ),
    "tools whose policy is not there": (
        lambda o: _unmounted(o, "policy"),
        "crosstie-tools: CROSSTIE_POLICY_FILE must be that of crosstie-matching",
    ),
    "tools that no network policy binds": (
        lambda o: deployment(o, "tools")["template"]["metadata"]["labels"].pop(
            "app.kubernetes.io/part-of"
        ),
        "Deployment crosstie-tools: no NetworkPolicy of type Egress",
    ),
    "a way in that is closed to nobody": (
        lambda o: o.remove(one(o, "NetworkPolicy", "http")),
        "Deployment crosstie-tools: no NetworkPolicy of type Ingress",
    ),
    "a way out to everywhere": (
        lambda o: _out(o).append({}),
        "NetworkPolicy: out only to ports",
    ),
    "a way out to the web": (
        lambda o: _out(o).append({"ports": [{"port": 443}]}),
        "NetworkPolicy: out only to ports",
    ),
}
