"""What rules ask of rendered objects: those of a kind, their pods, their settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]

TOOLS = "crosstie-tools"  # the Deployment that serves nobody

_UNITS = {"m": 1e-3, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}


def of(objects: list[Manifest], kind: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] == kind]


def pods(objects: list[Manifest], *kinds: str) -> Iterator[tuple[str, Manifest]]:
    for kind in kinds or ("Deployment", "Job"):
        for each in of(objects, kind):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def serving(objects: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Pods of the Deployments that somebody calls."""
    return ((name, pod) for name, pod in pods(objects, "Deployment") if name != TOOLS)


def named(each: Manifest) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def environment(objects: list[Manifest]) -> dict[str, str]:
    """What the pods get of the ConfigMap of settings, whose name ends in a digest."""
    return {
        name: value
        for each in of(objects, "ConfigMap")
        if re.fullmatch(r"crosstie-[a-z0-9]{10}", each["metadata"]["name"])
        for name, value in each["data"].items()
    }


def quantity(text: str) -> float:
    for unit, factor in _UNITS.items():
        if str(text).endswith(unit):
            return float(str(text).removesuffix(unit)) * factor
    return float(text)
