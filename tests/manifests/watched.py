"""Rules of what the Prometheus Operator reads: shapes, who is scraped, alerts over series that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests import series
from tests.manifests.objects import Manifest, named, of, serving

_GROUP = "monitoring.coreos.com/v1"
_OF_THE_POD = {"namespace", "pod"}  # labels that the scrape adds
_WORDS = {"sum", "max", "by", "rate", "increase", "absent", "and", "or"}
_SEVERITIES = ["critical", "warning"]
_DURATION = {"type": "string", "pattern": "^([0-9]+[smhd])+$"}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _kind(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Of https://prometheus-operator.dev/docs/api-reference/api/ only what we use: no other field passes."""
    metadata = _object(
        "name", name={"type": "string"}, namespace={"type": "string"}, labels={"type": "object"}
    )
    head = {"apiVersion": {"const": _GROUP}, "kind": {"const": kind}}
    return _object("apiVersion kind metadata spec", **head, metadata=metadata, spec=spec)


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


_TEXT = {"type": "string", "minLength": 1}
_ALERT = _object(
    "alert expr labels annotations",
    alert={"type": "string", "pattern": "^Crosstie[A-Za-z]+$"},
    expr=_TEXT,
    labels=_object("severity", severity={"enum": _SEVERITIES}),
    annotations=_object("summary", summary=_TEXT),
    **{"for": _DURATION},
)
_EXPRESSION = _object(
    "key operator values", key=_TEXT, operator={"const": "In"}, values=_list(_TEXT)
)
_ENDPOINT = _object("port path interval", port=_TEXT, path=_TEXT, interval=_DURATION)
SHAPES = {
    "PrometheusRule": _kind(
        "PrometheusRule",
        _object("groups", groups=_list(_object("name rules", name=_TEXT, rules=_list(_ALERT)))),
    ),
    "PodMonitor": _kind(
        "PodMonitor",
        _object(
            "selector podMetricsEndpoints",
            selector=_object("matchExpressions", matchExpressions=_list(_EXPRESSION)),
            podTargetLabels=_list(_TEXT),
            podMetricsEndpoints=_list(_ENDPOINT),
        ),
    ),
}


def scraped(objects: list[Manifest]) -> Iterator[str]:
    """Every service by its own port, and no pod that has none."""
    labels = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in (*of(objects, "Deployment"), *of(objects, "Job"))
    }
    served = dict(serving(objects))
    for each in of(objects, "PodMonitor"):
        spec = each["spec"]
        wanted = {one["key"]: one["values"] for one in spec["selector"]["matchExpressions"]}
        chosen = {
            name
            for name, theirs in labels.items()
            if all(theirs.get(key) in values for key, values in wanted.items())
        }
        if chosen != served.keys():
            yield f"{named(each)}: must select {sorted(served)}, selects {sorted(chosen)}"
        for endpoint in spec["podMetricsEndpoints"]:
            if (endpoint["port"], endpoint["path"]) != ("http", "/metrics"):
                yield f"{named(each)}: must ask /metrics on port http"


def alerts(objects: list[Manifest]) -> Iterator[str]:
    """Each by a name of its own, over series that the services expose from their start."""
    found = [
        rule
        for each in of(objects, "PrometheusRule")
        for group in each["spec"]["groups"]
        for rule in group["rules"]
    ]
    if len({rule["alert"] for rule in found}) != len(found):
        yield "PrometheusRule: two alerts of one name"
    for rule in found:
        yield from (f"{rule['alert']}: {wrong}" for wrong in wrongs(rule["expr"]))


def wrongs(expression: str) -> Iterator[str]:
    """What no series of ours answers; not a parser of PromQL, but nothing unknown passes."""
    known = series.names()
    for name, selector in re.findall(r"(\w+)\{(.*?)\}", expression):
        for label, value in re.findall(r'(\w+)="(.*?)"', selector):
            if not any(each.get(label) == value for each in series.at_start().get(name, ())):
                yield f'no series {name} has {label}="{value}" from its start'
    for labels in re.findall(r"\bby \((.*?)\)", expression):
        for label in re.split(r",\s*", labels):
            if label not in _OF_THE_POD:
                yield f"{label} is no label of the scrape"
    bare = re.sub(r"\{.*?\}|\[.*?\]|\bby \(.*?\)", " ", expression)
    for word in re.findall(r"[a-zA-Z_]\w*", bare):
        if word not in known and word not in _WORDS:
            yield f"{word} is no series of a service"
    if bare.count("(") != bare.count(")"):
        yield "brackets do not match"
    if not set(re.findall(r"crosstie_\w+", bare)):
        yield "asks for no series"


RULES = (scraped, alerts)
