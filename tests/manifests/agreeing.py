"""Rules that hold the manifests to the code: routes, ports, settings, commands, time to stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from crosstie.runtime.service import STOP_SECONDS, Running, add_health
from crosstie.settings import Settings
from tests.manifests.objects import Manifest, environment, named, of, pods, serving

SERVICES = {"ingestion", "profile", "matching"}
OWN_KEYS = ("database-url", "kafka-password")  # where each service has its own
SECRET_KEYS = {
    "crosstie": {"database-url", "vault-key", "api-key-pepper", "admin-database-url"}
    | {f"{key}-{each}" for key in OWN_KEYS for each in SERVICES}
    | {"kafka-password-operator"}
}
SECRETS = {
    f"CROSSTIE_{name.upper()}"
    for name, field in Settings.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
}
VAULT_KEY = "CROSSTIE_VAULT_KEY"
_URL, _PASSWORD = "CROSSTIE_DATABASE_URL", "CROSSTIE_KAFKA_SASL_PASSWORD"
PEPPER = "CROSSTIE_API_KEY_PEPPER"
KNOW_THE_VAULT = {"ingestion", "profile", "tools"}
JOBS = {
    "crosstie-topics": ["crosstie", "topics", "create"],
    "crosstie-migrate": ["python", "-m", "crosstie.runtime.migrate"],
}
ACCESS_TOO = {"crosstie-topics": [*JOBS["crosstie-topics"], "--acls"]}
_PROBES = {
    "startupProbe": "/health/live",
    "livenessProbe": "/health/live",
    "readinessProbe": "/health/ready",
}


def complete(objects: list[Manifest]) -> Iterator[str]:
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "ServiceAccount"):
        found = {each["metadata"]["name"] for each in of(objects, kind)}
        for service in SERVICES:
            if f"crosstie-{service}" not in found:
                yield f"{kind} crosstie-{service} is missing"


def probes(objects: list[Manifest]) -> Iterator[str]:
    port = int(environment(objects).get("CROSSTIE_HTTP_PORT", 0))
    routes = _routes()
    for name, pod in serving(objects):
        (container,) = pod["containers"]
        ports = {each["name"]: each["containerPort"] for each in container.get("ports", ())}
        if ports.get("http") != port:
            yield f"{name}: containerPort http must be CROSSTIE_HTTP_PORT, {port}"
        for probe, path in _PROBES.items():
            asked = container.get(probe, {}).get("httpGet", {})
            if asked != {"path": path, "port": "http"} or path not in routes:
                yield f"{name}: {probe} must ask {path} on port http"


def services(objects: list[Manifest]) -> Iterator[str]:
    for each in of(objects, "Service"):
        if [port.get("targetPort") for port in each["spec"]["ports"]] != ["http"]:
            yield f"{named(each)}: targetPort must be the name http"


def grace(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in serving(objects):
        (container,) = pod["containers"]
        before = (
            container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        )
        least = before + STOP_SECONDS
        if pod.get("terminationGracePeriodSeconds", 30) <= least:
            yield f"{name}: terminationGracePeriodSeconds must be above {least}"


def settings(objects: list[Manifest]) -> Iterator[str]:
    known = {f"CROSSTIE_{name.upper()}" for name in Settings.model_fields}
    needed = {
        f"CROSSTIE_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.default is PydanticUndefined
    }
    configured = environment(objects)
    for name in sorted(configured.keys() - known):
        yield f"ConfigMap: {name} is no setting"
    for name, value in configured.items():
        choices = _choices(name)
        if choices and value not in choices:
            yield f"ConfigMap: {name} is {value}, must be one of {', '.join(choices)}"
    for name, pod in pods(objects):
        (container,) = pod["containers"]
        own = {each["name"] for each in container.get("env", ())}
        given = own | (configured.keys() if container.get("envFrom") else set())
        for each in sorted(own - known):
            yield f"{name}: {each} is no setting"
        service = name.removeprefix("crosstie-")
        if service in SERVICES | KNOW_THE_VAULT:
            more = {PEPPER} | ({VAULT_KEY} if service in KNOW_THE_VAULT else set())
            for each in sorted((needed | more) - given):
                yield f"{name}: {each} is not given"
        if service not in KNOW_THE_VAULT and VAULT_KEY in given:
            yield f"{name}: {VAULT_KEY} is not for it"


def references(objects: list[Manifest]) -> Iterator[str]:
    maps = {each["metadata"]["name"] for each in of(objects, "ConfigMap")}
    for name, pod in pods(objects):
        (container,) = pod["containers"]
        wanted = [each.get("configMapRef", {}).get("name") for each in container.get("envFrom", ())]
        wanted += [each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each]
        if not maps.issuperset(wanted):
            yield f"{name}: its ConfigMap is not here"
        mounts = {each["name"] for each in container.get("volumeMounts", ())}
        if mounts != {each["name"] for each in pod["volumes"]}:
            yield f"{name}: volumes and mounts differ"
        for each in container.get("env", ()):
            secret = each.get("valueFrom", {}).get("secretKeyRef", {})
            if "value" not in each and secret.get("key") not in SECRET_KEYS.get(
                secret.get("name"), ()
            ):
                yield f"{name}: {each['name']} must come from a documented key of the Secret"
            if "value" in each and each["name"] in SECRETS:
                yield f"{name}: {each['name']} must not stand in the open"
    if of(objects, "Secret"):
        yield "a Secret stands in the manifests"


def doors(objects: list[Manifest]) -> Iterator[str]:
    """Where Kafka knows its users, each service is its own, there and in PostgreSQL."""
    if not environment(objects).get("CROSSTIE_KAFKA_SECURITY_PROTOCOL", "").startswith("SASL_"):
        return
    prefix = environment(objects)["CROSSTIE_TOPIC_PREFIX"]
    for name, pod in serving(objects):
        service = name.removeprefix("crosstie-")
        (container,) = pod["containers"]
        given = {each["name"]: each for each in container["env"]}
        if given.get("CROSSTIE_KAFKA_SASL_USERNAME", {}).get("value") != f"{prefix}{service}":
            yield f"{name}: CROSSTIE_KAFKA_SASL_USERNAME must be {prefix}{service}"
        for key, setting in zip(OWN_KEYS, (_URL, _PASSWORD), strict=True):
            secret = given.get(setting, {}).get("valueFrom", {}).get("secretKeyRef", {})
            if secret.get("key") != f"{key}-{service}":
                yield f"{name}: {setting} must come from the key {key}-{service}"


def commands(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in serving(objects):
        (container,) = pod["containers"]
        service = name.removeprefix("crosstie-")
        if container.get("command") != ["python", "-m", f"services.{service}"]:
            yield f"{name}: command must be python -m services.{service}"
    jobs = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0].get("command")
        for each in of(objects, "Job")
    }
    for name in jobs.keys() & ACCESS_TOO.keys():
        if jobs[name] == ACCESS_TOO[name]:
            jobs[name] = JOBS[name]
    if jobs != JOBS:
        yield f"Jobs: must be {JOBS}, are {jobs}"


def _routes() -> set[str]:
    api = FastAPI()
    add_health(api, Running())
    return {route.path for route in api.routes if isinstance(route, APIRoute)}


def _choices(variable: str) -> tuple[str, ...]:
    field = Settings.model_fields.get(variable.removeprefix("CROSSTIE_").lower())
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


RULES = (complete, probes, services, grace, settings, references, doors, commands)
