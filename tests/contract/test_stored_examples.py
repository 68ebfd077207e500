"""Stored examples decode for ever, to the same rows, byte for byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from crosstie import logrecord
from crosstie.events import ERASED, EVENT_TYPES, Person
from crosstie.matching import record
from crosstie.matching.record import Record
from crosstie.network import wire
from crosstie.network.facts import DECODERS, Event
from crosstie.network.fold import fold
from crosstie.network.state import Row
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged
from crosstie.translation import translate

HERE = Path(__file__).parent / "examples"
EVENTS = HERE / "v1"
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
_PEOPLE = json.loads((HERE / "people.json").read_text())
SUBJECTS = {Person(authority=p["authority"], id=p["id"]): p["subject"] for p in _PEOPLE}
DATA_KEYS = {p["subject"]: bytes.fromhex(p["data_key"]) for p in _PEOPLE}
STORED = sorted(path.stem for path in EVENTS.glob("org.crosstie.*.json"))
STORED_EVENTS = [name for name in STORED if name not in SUGGESTION_TYPES.values()]


def example(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def logged(stored: dict[str, Any]) -> logrecord.Head:
    headers = [(name, text.encode()) for name, text in stored["headers"]]
    value = base64.b64decode(stored["value_base64"])
    return logrecord.head_of(stored["key"].encode(), value, headers)


def folded(events: list[Event]) -> dict[str, str | None]:
    rows: dict[str, Row | None] = {}
    for event in events:
        rows[event.key] = fold(rows.get(event.key), event)
    return {key: None if row is None else wire.encode(row).decode() for key, row in rows.items()}


@pytest.mark.parametrize("name", [*EVENT_TYPES, *SUGGESTION_TYPES.values()])
def test_every_registered_type_has_a_stored_example(name: str) -> None:
    assert name in STORED, "run `python tests/contract/keep.py` and commit what it keeps"


@pytest.mark.parametrize("name", STORED_EVENTS)
def test_a_stored_event_is_still_registered_and_valid_as_platforms_send_it(name: str) -> None:
    event = example(name)["outside"]
    assert event["type"] == name
    EVENT_TYPES[name].model[Person].model_validate_json(json.dumps(event["data"]))
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(event["data"])


@pytest.mark.parametrize("name", STORED_EVENTS)
def test_a_stored_log_record_folds_to_its_stored_row(name: str) -> None:
    stored = example(name)
    events = [logrecord.opened(logged(each), DATA_KEYS) for each in stored["log"]]
    assert folded(events) == stored["rows"]


@pytest.mark.parametrize("name", STORED_EVENTS)
def test_a_stored_log_record_is_what_ingestion_translates_the_event_to(name: str) -> None:
    stored = example(name)
    if EVENT_TYPES[name].about == "gathering":
        assert len(stored["log"]) == 3
        return
    data = (
        EVENT_TYPES[name].model[Person].model_validate_json(json.dumps(stored["outside"]["data"]))
    )
    (record_,) = stored["log"]
    said = DECODERS[name].decode(msgspec.json.encode(translate(data, SUBJECTS)))
    assert logrecord.opened(logged(record_), DATA_KEYS).data == said


@pytest.mark.parametrize("name", STORED_EVENTS)
def test_without_its_data_key_a_sealed_record_folds_to_nothing(name: str) -> None:
    for each in example(name)["log"]:
        head = logged(each)
        about_member = EVENT_TYPES[head.type].about == "member"
        assert head.sealed == (about_member and head.type != ERASED)
        if head.sealed:
            assert folded([logrecord.opened(head, {})]) == {head.key: None}


@pytest.mark.parametrize("state", SUGGESTION_TYPES)
def test_a_stored_suggestion_event_is_still_read_and_still_fits_its_schema(state: str) -> None:
    stored = example(SUGGESTION_TYPES[state])
    changed = SuggestionChanged.model_validate_json(json.dumps(stored["value"]))
    assert changed.state == state
    assert changed.suggestion == stored["key"]
    schema = json.loads((SCHEMAS / f"{SUGGESTION_TYPES[state]}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(stored["value"])


def test_stored_rows_and_marks_are_read_and_written_as_the_same_bytes() -> None:
    for stored in example("network"):
        value = stored["value"].encode()
        if stored["key"] == wire.MARK_KEY:
            assert wire.encode(wire.decode_mark(value)) == value
        else:
            assert wire.encode(wire.decode_row(stored["key"], value)) == value


def test_stored_rounds_are_read_and_their_chain_of_digests_still_holds() -> None:
    records = [Record(each["key"].encode(), each["value"].encode()) for each in example("rounds")]
    rounds = list(record.following(record.joined(records), 0, ""))
    assert [each.n for each in rounds] == [1, 2]
    assert [record.encode(each) for each in rounds] == [each.value for each in records]
