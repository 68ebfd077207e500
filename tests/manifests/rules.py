"""Our own rules for manifests, each a function from all objects to what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import kubernetes_validate
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic_core import PydanticUndefined

from crosstie.runtime.service import HTTP_DRAIN_SECONDS, SHUTDOWN_SECONDS, Running, add_health
from crosstie.settings import Settings

Manifest = dict[str, Any]
Rule = Callable[[list[Manifest]], Iterator[str]]

KUBERNETES = "1.36"
SECRET_KEYS = {"crosstie": {"database-url", "vault-key", "admin-database-url"}}
SERVICES = {"ingestion", "profile", "matching"}


def problems(objects: list[Manifest]) -> list[str]:
    """Everything that is wrong, one line each; our own rules only where the shapes are right."""
    misshapen = list(schema(objects))
    return misshapen or [problem for rule in RULES for problem in rule(objects)]


def schema(objects: list[Manifest]) -> Iterator[str]:
    for each in objects:
        if message := _misshapen(json.dumps(each, sort_keys=True)):
            yield f"{_name(each)}: {message}"


@cache
def _misshapen(manifest: str) -> str | None:
    try:
        kubernetes_validate.validate(json.loads(manifest), KUBERNETES, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return str(error.message)
    return None


def complete(objects: list[Manifest]) -> Iterator[str]:
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "ServiceAccount"):
        found = {each["metadata"]["name"] for each in _of(objects, kind)}
        for service in SERVICES:
            if f"crosstie-{service}" not in found:
                yield f"{kind} crosstie-{service} is missing"


def restricted(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in _pods(objects):
        pod_context = pod.get("securityContext", {})
        if pod_context.get("runAsNonRoot") is not True or not pod_context.get("runAsUser"):
            yield f"{name}: must run as a user of its own, not root"
        if pod_context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: seccompProfile must be RuntimeDefault"
        if pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}:
            yield f"{name}: nothing of the host's"
        if any(not volume.keys() & {"emptyDir"} for volume in pod.get("volumes", ())):
            yield f"{name}: only emptyDir volumes"
        for container in pod["containers"]:
            context = container.get("securityContext", {})
            if context.get("allowPrivilegeEscalation") is not False or "privileged" in context:
                yield f"{name}: allowPrivilegeEscalation must be false"
            if context.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name}: capabilities must drop ALL and add none"
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{name}: the root file system must be read-only"
            if context.keys() & {"runAsUser", "runAsNonRoot", "seccompProfile"}:
                yield f"{name}: the container must not loosen what the pod says"


def accounts(objects: list[Manifest]) -> Iterator[str]:
    there = {each["metadata"]["name"] for each in _of(objects, "ServiceAccount")}
    for name, pod in _pods(objects):
        if pod.get("serviceAccountName") not in there:
            yield f"{name}: needs a service account of its own, not the default one"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name}: automountServiceAccountToken must be false"
        if pod.get("enableServiceLinks") is not False:
            yield f"{name}: enableServiceLinks must be false, or CROSSTIE_* is set behind our back"


def resources(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in _pods(objects):
        for container in pod["containers"]:
            given = container.get("resources", {})
            for side in ("requests", "limits"):
                if set(given.get(side, ())) != {"cpu", "memory"}:
                    yield f"{name}: needs {side} of cpu and memory"
            for what in ("cpu", "memory"):
                least, most = (given.get(side, {}).get(what) for side in ("requests", "limits"))
                if least and most and _quantity(least) > _quantity(most):
                    yield f"{name}: requests more {what} than its limit"


def images(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in _pods(objects):
        for container in pod["containers"]:
            tag = container["image"].rpartition("/")[2].partition(":")[2]
            if tag in {"", "latest"} and "@sha256:" not in container["image"]:
                yield f"{name}: image {container['image']} needs a tag or digest"


def selectors(objects: list[Manifest]) -> Iterator[str]:
    labels = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in _of(objects, "Deployment")
    }
    for each in objects:
        spec = each.get("spec", {})
        wanted = spec.get("selector", {})
        wanted = wanted.get("matchLabels", wanted) if each["kind"] != "Job" else {}
        target = labels.get(each["metadata"]["name"], {})
        if wanted and not wanted.items() <= target.items():
            yield f"{_name(each)}: selects no pod of its Deployment"
    for name, pod in _pods(objects, "Deployment"):
        for spread in pod.get("topologySpreadConstraints", ()):
            if not spread["labelSelector"]["matchLabels"].items() <= labels[name].items():
                yield f"{name}: spreads other pods than its own"
        if {each["topologyKey"] for each in pod.get("topologySpreadConstraints", ())} != {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }:
            yield f"{name}: must spread over hosts and zones"


def budgets(objects: list[Manifest]) -> Iterator[str]:
    replicas = {
        each["metadata"]["name"]: each["spec"]["replicas"] for each in _of(objects, "Deployment")
    }
    for each in _of(objects, "PodDisruptionBudget"):
        least = each["spec"].get("minAvailable")
        there = replicas.get(each["metadata"]["name"], 0)
        if not isinstance(least, int) or not 0 < least < there:
            yield f"{_name(each)}: minAvailable {least} must be above 0 and below {there} replicas"


def rollouts(objects: list[Manifest]) -> Iterator[str]:
    for each in _of(objects, "Deployment"):
        rolling = each["spec"].get("strategy", {}).get("rollingUpdate", {})
        unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        if (unavailable, surge) not in {(0, 1), (1, 0)}:
            yield f"{_name(each)}: one pod at a time: maxUnavailable and maxSurge 0 and 1, or 1 and 0"


def probes(objects: list[Manifest]) -> Iterator[str]:
    port = int(_environment(objects).get("CROSSTIE_HTTP_PORT", 0))
    routes = _routes()
    for name, pod in _pods(objects, "Deployment"):
        (container,) = pod["containers"]
        ports = {each["name"]: each["containerPort"] for each in container.get("ports", ())}
        if ports.get("http") != port:
            yield f"{name}: containerPort http must be CROSSTIE_HTTP_PORT, {port}"
        for probe, path in _PROBES.items():
            asked = container.get(probe, {}).get("httpGet", {})
            if asked != {"path": path, "port": "http"} or path not in routes:
                yield f"{name}: {probe} must ask {path} on port http"


_PROBES = {
    "startupProbe": "/health/live",
    "livenessProbe": "/health/live",
    "readinessProbe": "/health/ready",
}


def services(objects: list[Manifest]) -> Iterator[str]:
    for each in _of(objects, "Service"):
        if [port.get("targetPort") for port in each["spec"]["ports"]] != ["http"]:
            yield f"{_name(each)}: targetPort must be the name http"


def grace(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in _pods(objects, "Deployment"):
        (container,) = pod["containers"]
        before = (
            container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        )
        least = before + SHUTDOWN_SECONDS + HTTP_DRAIN_SECONDS
        if pod.get("terminationGracePeriodSeconds", 30) <= least:
            yield f"{name}: terminationGracePeriodSeconds must be above {least}"


def settings(objects: list[Manifest]) -> Iterator[str]:
    known = {f"CROSSTIE_{name.upper()}" for name in Settings.model_fields}
    needed = {
        f"CROSSTIE_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.default is PydanticUndefined
    }
    configured = _environment(objects)
    for name in sorted(configured.keys() - known):
        yield f"ConfigMap: {name} is no setting"
    for name, value in configured.items():
        choices = _choices(name)
        if choices and value not in choices:
            yield f"ConfigMap: {name} is {value}, must be one of {', '.join(choices)}"
    for name, pod in _pods(objects):
        (container,) = pod["containers"]
        own = {each["name"] for each in container.get("env", ())}
        given = own | (configured.keys() if container.get("envFrom") else set())
        for each in sorted(own - known):
            yield f"{name}: {each} is no setting"
        if name.removeprefix("crosstie-") in SERVICES:
            for each in sorted(needed - given):
                yield f"{name}: {each} is not given"


def references(objects: list[Manifest]) -> Iterator[str]:
    maps = {each["metadata"]["name"] for each in _of(objects, "ConfigMap")}
    for name, pod in _pods(objects):
        (container,) = pod["containers"]
        for source in container.get("envFrom", ()):
            if source.get("configMapRef", {}).get("name") not in maps:
                yield f"{name}: its ConfigMap is not here"
        for each in container.get("env", ()):
            secret = each.get("valueFrom", {}).get("secretKeyRef", {})
            if secret.get("key") not in SECRET_KEYS.get(secret.get("name"), ()):
                yield f"{name}: {each['name']} must come from a documented key of the Secret"
    if _of(objects, "Secret"):
        yield "a Secret stands in the manifests"


def commands(objects: list[Manifest]) -> Iterator[str]:
    for each in _of(objects, "Deployment"):
        name = each["metadata"]["name"]
        (container,) = each["spec"]["template"]["spec"]["containers"]
        service = name.removeprefix("crosstie-")
        if container.get("command") != ["python", "-m", f"services.{service}"]:
            yield f"{name}: command must be python -m services.{service}"
    jobs = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0].get("command")
        for each in _of(objects, "Job")
    }
    if jobs != JOBS:
        yield f"Jobs: must be {JOBS}, are {jobs}"


JOBS = {
    "crosstie-topics": ["crosstie", "topics", "create"],
    "crosstie-migrate": ["python", "-m", "crosstie.runtime.migrate"],
}

RULES: tuple[Rule, ...] = (
    complete,
    restricted,
    accounts,
    resources,
    images,
    selectors,
    budgets,
    rollouts,
    probes,
    services,
    grace,
    settings,
    references,
    commands,
)


def _routes() -> set[str]:
    api = FastAPI()
    add_health(api, Running())
    return {route.path for route in api.routes if isinstance(route, APIRoute)}


def _of(objects: list[Manifest], kind: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] == kind]


def _pods(objects: list[Manifest], *kinds: str) -> Iterator[tuple[str, Manifest]]:
    for kind in kinds or ("Deployment", "Job"):
        for each in _of(objects, kind):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def _name(each: Manifest) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def _environment(objects: list[Manifest]) -> dict[str, str]:
    return {
        name: value for each in _of(objects, "ConfigMap") for name, value in each["data"].items()
    }


def _choices(variable: str) -> tuple[str, ...]:
    field = Settings.model_fields.get(variable.removeprefix("CROSSTIE_").lower())
    return get_args(field.annotation) if field is not None else ()


_UNITS = {"m": 1e-3, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}


def _quantity(text: str) -> float:
    for unit, factor in _UNITS.items():
        if str(text).endswith(unit):
            return float(str(text).removesuffix(unit)) * factor
    return float(text)
