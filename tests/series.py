"""The series that the services expose, from their code: what pages and alerts may name."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

REPOSITORY = Path(__file__).parents[1]


def modules() -> Iterator[str]:
    """Where a service's code defines metrics, and what every service has."""
    yield "crosstie.runtime.readiness"
    for path in sorted((REPOSITORY / "services").rglob("*.py")):
        if re.search(r"prometheus_client|runtime\.series", path.read_text()):
            yield ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def defined() -> Iterator[MetricWrapperBase]:
    """Every metric of a service's code."""
    for name in modules():
        each = vars(import_module(name)).values()
        yield from (metric for metric in each if isinstance(metric, MetricWrapperBase))


def shown(metric: MetricWrapperBase) -> tuple[str, str, str, str]:
    """Name as it is scraped, type, labels, meaning."""
    (told,) = metric.describe()
    name = f"{told.name}_total" if told.type == "counter" else told.name
    labels = ", ".join(f"`{each}`" for each in metric._labelnames) or "none"
    return name, told.type, labels, told.documentation


@cache
def at_start() -> dict[str, list[dict[str, str]]]:
    """The labels of each series, by name, of a process in which nothing has happened yet."""
    imports = f"import prometheus_client, {', '.join(modules())}"
    code = f"{imports}; print(prometheus_client.generate_latest().decode())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=True
    )
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(done.stdout.decode()):
        for each in family.samples:
            found.setdefault(each.name, []).append(dict(each.labels))
            if each.name.endswith("_total"):
                assert each.value == 0 or not each.name.startswith("crosstie_"), each
    return found


def names() -> dict[str, set[str]]:
    """Every name that can be scraped, with its labels."""
    parts = {"histogram": ("_bucket", "_sum", "_count")}
    found: dict[str, set[str]] = {}
    for metric in defined():
        name, kind, *_ = shown(metric)
        for part in parts.get(kind, ("",)):
            found[name + part] = {*metric._labelnames}
    return found
