"""Hypothesis strategies for values that a JSON Schema of ours allows: only what our schemas use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

JsonObject = dict[str, Any]


def values(schema: JsonObject, root: JsonObject | None = None) -> st.SearchStrategy[Any]:
    """Values that `schema` allows; `root` is where its references point into."""
    root = schema if root is None else root
    if "$ref" in schema:
        return values(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in schema:
        return st.one_of(*(values(each, root) for each in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _BY_TYPE[schema["type"]](schema, root)


def _objects(schema: JsonObject, root: JsonObject) -> st.SearchStrategy[Any]:
    fields = {name: values(each, root) for name, each in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in required},
        optional={name: each for name, each in fields.items() if name not in required},
    )


def _arrays(schema: JsonObject, root: JsonObject) -> st.SearchStrategy[Any]:
    unique = schema.get("uniqueItems", False)
    return st.lists(
        values(schema["items"], root),
        min_size=schema.get("minItems", 0),
        max_size=min(schema.get("maxItems", 4), 4),
        unique_by=repr if unique else None,
    )


def _strings(schema: JsonObject, _: JsonObject) -> st.SearchStrategy[Any]:
    if "pattern" in schema:
        pattern = schema["pattern"].removeprefix("^").removesuffix("$")
        return st.from_regex(pattern, fullmatch=True)
    return st.text(
        st.characters(exclude_categories=["Cs"]),
        min_size=schema.get("minLength", 0),
        max_size=schema.get("maxLength"),
    )


def _numbers(schema: JsonObject, _: JsonObject) -> st.SearchStrategy[Any]:
    return st.floats(
        schema["exclusiveMinimum"], schema["maximum"], exclude_min=True, allow_subnormal=False
    )


_BY_TYPE: dict[str, Callable[[JsonObject, JsonObject], st.SearchStrategy[Any]]] = {
    "object": _objects,
    "array": _arrays,
    "string": _strings,
    "number": _numbers,
    "integer": lambda schema, _: st.integers(schema["minimum"], schema["maximum"]),
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}
