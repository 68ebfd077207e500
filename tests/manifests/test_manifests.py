"""What can be proven of deploy/ without a cluster: shapes, our rules, and agreement with the code.

No kubelet runs here: images, probes and shutdown are exercised by other tests.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from typer.main import get_command

from crosstie.cli import app
from tests.manifests.rendered import OVERLAYS, REPOSITORY, Manifest, rendered
from tests.manifests.rules import JOBS, problems


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_manifests_break_no_rule(folder: str) -> None:
    assert problems(rendered(folder)) == []


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
    )
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
        "only emptyDir",
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


@pytest.fixture(scope="module")
def base() -> list[Manifest]:
    return rendered("deploy/base")


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_caught(name: str, base: list[Manifest]) -> None:
    mutate, said = MUTANTS[name]
    objects = copy.deepcopy(base)
    mutate(objects)
    assert any(said in problem for problem in problems(objects)), problems(objects)


def test_every_command_of_a_job_exists() -> None:
    for command in JOBS.values():
        if command[0] == "python":
            assert find_spec(command[2])
            continue
        at: Any = get_command(app)
        for word in command[1:]:
            at = at.commands[word]


@pytest.mark.parametrize("service", ["ingestion", "profile", "matching"])
def test_every_service_starts_as_the_manifests_say(service: str) -> None:
    assert find_spec(f"services.{service}.__main__")


def locked(path: str) -> dict[str, set[str]]:
    """Package and version to hashes."""
    text = (REPOSITORY / path).read_text()
    found = re.findall(
        r"^([\w.-]+==[\w.+-]+)[^\n]*\\\n((?:\s+--hash=\S+[ \\]*\n?)+)", text, re.MULTILINE
    )
    return {pin: set(re.findall(r"sha256:\w+", hashes)) for pin, hashes in found}


@pytest.mark.parametrize("path", ["deploy/image.lock", "deploy/tools.lock"])
def test_the_image_gets_what_was_tested(path: str) -> None:
    tested, image = locked("requirements.lock"), locked(path)
    assert len(image) > 1
    assert {pin: hashes for pin, hashes in image.items() if tested.get(pin) != hashes} == {}


def test_the_image_runs_as_nobody_without_tools_to_build() -> None:
    build, final = (REPOSITORY / "deploy/Dockerfile").read_text().split("\nFROM ")[1:]
    assert "--require-hashes" in build
    assert "USER 10001:10001" in final
    assert "RUN" not in final
