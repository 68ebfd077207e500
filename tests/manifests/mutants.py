"""Mistakes to plant in good manifests, each with words of what must be said about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.manifests.objects import Manifest


def deployment(objects: list[Manifest], name: str = "profile") -> Any:
    return one(objects, "Deployment", name)["spec"]


def pod(objects: list[Manifest], name: str = "profile") -> Any:
    return deployment(objects, name)["template"]["spec"]


def container(objects: list[Manifest], name: str = "profile") -> Any:
    return pod(objects, name)["containers"][0]


def one(objects: list[Manifest], kind: str, name: str) -> Any:
    (found,) = (
        each
        for each in objects
        if each["kind"] == kind
        and (each["metadata"]["name"] == f"crosstie-{name}" or kind == "ConfigMap")
    )  # the base has one ConfigMap, whose name ends in a digest
    return found


def settings(objects: list[Manifest]) -> Any:
    return one(objects, "ConfigMap", "")["data"]


Mutation = Callable[[list[Manifest]], Any]
MUTANTS: dict[str, tuple[Mutation, str]] = {
    "a misspelt field": (
        lambda o: deployment(o)["strategy"]["rollingUpdate"].update(maxUnavailble=1),
        "maxUnavailble",
    ),
    "replicas in words": (lambda o: deployment(o).update(replicas="three"), "three"),
    "a kind of another age": (
        lambda o: one(o, "PodDisruptionBudget", "profile").update(apiVersion="policy/v1beta1"),
        "schema for kind",
    ),
    "a service forgotten": (
        lambda o: o.remove(one(o, "Deployment", "matching")),
        "Deployment crosstie-matching is missing",
    ),
    "root": (lambda o: pod(o)["securityContext"].update(runAsNonRoot=False), "not root"),
    "a capability": (
        lambda o: container(o)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
        "add none",
    ),
    "privileges": (
        lambda o: container(o)["securityContext"].update(allowPrivilegeEscalation=True),
        "allowPrivilegeEscalation",
    ),
    "a writable root": (
        lambda o: container(o)["securityContext"].pop("readOnlyRootFilesystem"),
        "read-only",
    ),
    "no seccomp": (lambda o: pod(o)["securityContext"].pop("seccompProfile"), "seccompProfile"),
    "the host's network": (lambda o: pod(o).update(hostNetwork=True), "nothing of the host's"),
    "a path of the host": (
        lambda o: pod(o)["volumes"].append({"name": "h", "hostPath": {"path": "/"}}),
        "only emptyDir and configMap",
    ),
    "the default account": (lambda o: pod(o).pop("serviceAccountName"), "not the default one"),
    "a mounted token": (
        lambda o: pod(o).update(automountServiceAccountToken=True),
        "automountServiceAccountToken",
    ),
    "service links": (lambda o: pod(o).pop("enableServiceLinks"), "enableServiceLinks"),
    "no limits": (lambda o: container(o)["resources"].pop("limits"), "needs limits"),
    "a request above its limit": (
        lambda o: container(o)["resources"]["requests"].update(memory="2Gi"),
        "more memory than its limit",
    ),
    "an image without a tag": (lambda o: container(o).update(image="crosstie"), "tag or digest"),
    "a selector of nobody": (
        lambda o: one(o, "Service", "profile")["spec"]["selector"].update(
            {"app.kubernetes.io/name": "x"}
        ),
        "selects no pod",
    ),
    "a budget that blocks every drain": (
        lambda o: one(o, "PodDisruptionBudget", "matching")["spec"].update(minAvailable=2),
        "minAvailable 2",
    ),
    "a rollout that cannot move": (
        lambda o: deployment(o)["strategy"]["rollingUpdate"].update(maxUnavailable=0, maxSurge=0),
        "one pod at a time",
    ),
    "a probe of another path": (
        lambda o: container(o)["livenessProbe"]["httpGet"].update(path="/healthz"),
        "livenessProbe must ask",
    ),
    "liveness that waits for Kafka": (
        lambda o: container(o)["livenessProbe"]["httpGet"].update(path="/health/ready"),
        "livenessProbe must ask",
    ),
    "no startup probe": (lambda o: container(o).pop("startupProbe"), "startupProbe must ask"),
    "another port": (
        lambda o: container(o)["ports"][0].update(containerPort=8081),
        "containerPort http",
    ),
    "a service's port by number": (
        lambda o: one(o, "Service", "profile")["spec"]["ports"][0].update(targetPort=80),
        "targetPort",
    ),
    "too little grace": (
        lambda o: pod(o).update(terminationGracePeriodSeconds=30),
        "terminationGracePeriodSeconds",
    ),
    "a setting that nobody reads": (
        lambda o: settings(o).update(CROSSTIE_KAFKA_BOOSTRAP="x"),
        "CROSSTIE_KAFKA_BOOSTRAP is no setting",
    ),
    "a value that no setting takes": (
        lambda o: settings(o).update(CROSSTIE_CLOCK="walll"),
        "CROSSTIE_CLOCK is walll",
    ),
    "a setting left out": (
        lambda o: container(o)["env"].pop(),
        "CROSSTIE_VAULT_KEY is not given",
    ),
    "a service that hashes keys in its own way": (
        lambda o: container(o, "matching")["env"].pop(),
        "crosstie-matching: CROSSTIE_API_KEY_PEPPER is not given",
    ),
    "the vault's key for one who never opens it": (
        lambda o: container(o, "matching")["env"].append(container(o)["env"][-1]),
        "crosstie-matching: CROSSTIE_VAULT_KEY is not for it",
    ),
    "doors that ask for users, and services that are none": (
        lambda o: settings(o).update(CROSSTIE_KAFKA_SECURITY_PROTOCOL="SASL_SSL"),
        "crosstie-ingestion: CROSSTIE_KAFKA_SASL_USERNAME must be crosstie.ingestion",
    ),
    "another key of the Secret": (
        lambda o: container(o)["env"][0]["valueFrom"]["secretKeyRef"].update(key="url"),
        "documented key",
    ),
    "another ConfigMap": (
        lambda o: container(o)["envFrom"][0]["configMapRef"].update(name="x"),
        "ConfigMap is not here",
    ),
    "a Secret in the open": (
        lambda o: o.append(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {}}
        ),
        "a Secret stands",
    ),
    "a secret in the open": (
        lambda o: container(o)["env"].append({"name": "CROSSTIE_DATABASE_URL", "value": "x"}),
        "must not stand in the open",
    ),
    "a mount without a volume": (
        lambda o: pod(o)["volumes"].pop(),
        "volumes and mounts differ",
    ),
    "another service's command": (
        lambda o: container(o).update(command=["python", "-m", "services.matching"]),
        "command must be",
    ),
    "a Job of no command": (
        lambda o: one(o, "Job", "topics")["spec"]["template"]["spec"]["containers"][0].update(
            command=["crosstie", "topics", "make"]
        ),
        "Jobs: must be",
    ),
    "pods that need not spread": (
        lambda o: pod(o).pop("topologySpreadConstraints"),
        "must spread",
    ),
}
