"""The door's models (pydantic), the log's structs (msgspec) and the schemas say the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct
from pydantic import BaseModel, ValidationError

from crosstie.contracts import schemas
from crosstie.events import ERASED, EVENT_TYPES, EventType, Person, SubjectId
from crosstie.network import fold as folds
from crosstie.network.facts import DECODERS, Described
from crosstie.translation import people_in, translate
from tests.contract.generated import values

LOGGED = [each for each in EVENT_TYPES.values() if each.about != "gathering"]
drawn = settings(  # no limits in seconds: the machine may be busy
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
by_type = pytest.mark.parametrize("event_type", LOGGED, ids=lambda each: each.name)


def test_every_type_but_gatherings_has_a_decoder_and_a_fold() -> None:
    names = {each.name for each in LOGGED}
    assert set(DECODERS) == names
    assert set(folds._SAID) | set(folds._TIES) | {ERASED} == names


@by_type
@drawn
@given(draws=st.data())
def test_what_the_model_dumps_the_struct_decodes_to_the_same(
    event_type: EventType, draws: st.DataObject
) -> None:
    model = draws.draw(models(event_type, event_type.model[SubjectId], schemas.logged_data))
    fact = DECODERS[event_type.name].decode(model.model_dump_json(exclude_unset=True))
    assert plain(fact) == filled(model, fact)


@by_type
@drawn
@given(draws=st.data())
def test_what_the_struct_dumps_the_model_reads_as_the_same(
    event_type: EventType, draws: st.DataObject
) -> None:
    model = draws.draw(models(event_type, event_type.model[SubjectId], schemas.logged_data))
    fact = DECODERS[event_type.name].decode(model.model_dump_json(exclude_unset=True))
    again = event_type.model[SubjectId].model_validate_json(msgspec.json.encode(fact))
    assert again == model


@by_type
@drawn
@given(draws=st.data())
def test_what_the_door_translates_the_struct_decodes_with_each_person_as_a_subject(
    event_type: EventType, draws: st.DataObject
) -> None:
    outside = draws.draw(models(event_type, event_type.model[Person], schemas.outside_data))
    subjects = {person: subject_of(person) for person in people_in(outside)}
    logged = translate(outside, subjects)
    fact = DECODERS[event_type.name].decode(msgspec.json.encode(logged))
    model = event_type.model[SubjectId].model_validate(logged)
    assert plain(fact) == filled(model, fact)
    assert model.model_fields_set == outside.model_fields_set


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda each: each.name)
@drawn
@given(draws=st.data())
def test_what_the_schema_allows_the_model_takes_and_what_neither_names_neither_takes(
    event_type: EventType, draws: st.DataObject
) -> None:
    schema = schemas.outside_data(event_type)
    value = draws.draw(values(schema).map(_by_one_of_them))
    model = event_type.model[Person]
    model.model_validate_json(json.dumps(value))
    assert schema["additionalProperties"] is False
    with pytest.raises(ValidationError):
        model.model_validate(value | {"surprise": 1})
    for name in schema["required"]:
        with pytest.raises(ValidationError):
            model.model_validate({field: value[field] for field in value if field != name})


def models(
    event_type: EventType, model: type[BaseModel], schema_of: Any
) -> st.SearchStrategy[BaseModel]:
    found = values(schema_of(event_type)).map(_by_one_of_them)
    return found.map(lambda value: model.model_validate_json(json.dumps(value)))


def _by_one_of_them(value: dict[str, Any]) -> dict[str, Any]:
    """What no schema can say: `by` and `started_by` are one of the two."""
    replaced = {name: value["members"][0] for name in ("by", "started_by") if value.get(name)}
    return value | replaced


def subject_of(person: Person) -> str:
    digest = blake2b(f"{person.authority}/{person.id}".encode(), digest_size=10).digest()
    return base64.b32encode(digest).decode()


def filled(model: BaseModel, fact: Struct) -> dict[str, Any]:
    """The model as plain data; what was left out of a description stays out."""
    return model.model_dump(exclude_unset=isinstance(fact, Described))


def plain(value: Any) -> Any:
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: plain(each) for name, each in fields.items() if each is not UNSET}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return value
