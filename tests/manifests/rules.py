"""Everything that is wrong with rendered manifests: shapes first, then our own rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import jsonschema
import kubernetes_validate

from tests.manifests import agreeing, lent, safe, watched
from tests.manifests.objects import Manifest, named

KUBERNETES = "1.36"
RULES = (*safe.RULES, *agreeing.RULES, *lent.RULES, *watched.RULES)


def problems(objects: list[Manifest]) -> list[str]:
    """Everything that is wrong, one line each; our own rules only where the shapes are right."""
    misshapen = list(schema(objects))
    return misshapen or [problem for rule in RULES for problem in rule(objects)]


def schema(objects: list[Manifest]) -> Iterator[str]:
    for each in objects:
        if message := _misshapen(json.dumps(each, sort_keys=True)):
            yield f"{named(each)}: {message}"


@cache
def _misshapen(manifest: str) -> str | None:
    read = json.loads(manifest)
    if shape := watched.SHAPES.get(read["kind"]):  # of no Kubernetes, but of whoever defines them
        wrong = next(jsonschema.Draft202012Validator(shape).iter_errors(read), None)
        return None if wrong is None else f"{wrong.json_path}: {wrong.message}"
    try:
        kubernetes_validate.validate(read, KUBERNETES, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return str(error.message)
    return None
