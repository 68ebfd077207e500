"""JSON Schemas of everything that stands on a topic, from the models that check it."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from crosstie.events import EVENT_TYPES, EventType, Person, SubjectId
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged

JsonObject = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/{model}"


def stored() -> dict[str, JsonObject]:
    """Every schema that stands below `docs/schemas`, by the type that it is named after."""
    outside = {each.name: outside_data(each) for each in EVENT_TYPES.values()}
    suggested = {name: suggestion_data(state) for state, name in SUGGESTION_TYPES.items()}
    return {name: {"$schema": DIALECT, **schema} for name, schema in (outside | suggested).items()}


def outside_data(event_type: EventType, refs: str = DEFINITIONS) -> JsonObject:
    """Data of one type as platforms send it."""
    return _of_event(event_type, event_type.model[Person], refs)


def logged_data(event_type: EventType, refs: str = DEFINITIONS) -> JsonObject:
    """Data of one type as it stands in the log: people are subject ids."""
    return _of_event(event_type, event_type.model[SubjectId], refs)


def suggestion_data(state: str, refs: str = DEFINITIONS) -> JsonObject:
    """Data of one suggestion event. Fields may be added to it, so readers pass over what is new."""
    schema: JsonObject = _opened(_cleaned(SuggestionChanged.model_json_schema(ref_template=refs)))
    schema["properties"]["state"] |= {"const": state}
    del schema["properties"]["state"]["enum"]
    return {"title": SUGGESTION_TYPES[state], **schema}


def of_structs(*structs: Any) -> tuple[list[JsonObject], dict[str, JsonObject]]:
    """References to the schemas of msgspec structs, and the schemas, as AsyncAPI documents want them."""
    refs, components = msgspec.json.schema_components(
        structs, ref_template="#/components/schemas/{name}"
    )
    return list(refs), {name: _as_draft_07(schema) for name, schema in components.items()}


def _of_event(event_type: EventType, model: Any, refs: str) -> JsonObject:
    schema: JsonObject = _cleaned(model.model_json_schema(ref_template=refs))
    said = {"title": event_type.name, "description": cleandoc(event_type.model.__doc__ or "")}
    return said | schema


def _cleaned(schema: Any) -> Any:
    """Without titles that only repeat names, and without `default: null`: left out is not null."""
    if isinstance(schema, list):
        return [_cleaned(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _named(value) if name in {"properties", "$defs"} else _cleaned(value)
        for name, value in schema.items()
        if name != "title" and not (name == "default" and value is None)
    }


def _named(schemas: JsonObject) -> JsonObject:
    return {name: _cleaned(schema) for name, schema in schemas.items()}


def _opened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _opened(value)
        for name, value in schema.items()
        if not (name == "additionalProperties" and value is False)
    }


def _as_draft_07(schema: Any) -> Any:
    """AsyncAPI's own dialect knows tuples by `items` and `additionalItems`."""
    if isinstance(schema, list):
        return [_as_draft_07(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _as_draft_07(value) for name, value in schema.items()}
    if isinstance(schema.get("description"), str):
        schema["description"] = cleandoc(schema["description"])
    if "prefixItems" in schema:
        rest = schema.pop("items", None)
        schema["items"] = schema.pop("prefixItems")
        if rest is not None:
            schema["additionalItems"] = rest
    return schema
