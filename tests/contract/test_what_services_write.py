"""What the services' own code writes is what the documents and the stored examples say."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import jsonschema
import pytest
from msgspec import structs

from crosstie import dlq, instants
from crosstie.contracts import asyncapi
from crosstie.door.arrival import checked
from crosstie.door.entries import Entry, entries, erasure
from crosstie.errors import Rejected
from crosstie.events import ERASED, EVENT_TYPES, Person
from crosstie.matching import record
from crosstie.matching.model import Change, Round, State
from crosstie.matching.record import Record
from crosstie.network.state import member_key
from crosstie.network.view import Network
from crosstie.network.wire import MARK_KEY, decode_row
from crosstie.registry import Platform
from crosstie.showing import shown_state
from crosstie.topics import Topics
from crosstie.vault import Subject
from services.matching.tell import Words
from services.profile.ports import Image
from services.profile.publisher import KafkaOutlet

HERE = Path(__file__).parent / "examples"
PLATFORM = Platform("intranet", frozenset({"/intranet"}), frozenset({"staff"}))
NOW = instants.from_rfc3339("2026-03-02T09:31:00Z")
SUBJECTS = {
    Person(authority=each["authority"], id=each["id"]): Subject(
        each["subject"], bytes.fromhex(each["data_key"])
    )
    for each in json.loads((HERE / "people.json").read_text())
}
STATES: tuple[State, ...] = get_args(State)


def example(name: str) -> Any:
    return json.loads((HERE / "v1" / f"{name}.json").read_text())


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_the_door_still_logs_a_stored_event_as_the_same_bytes(name: str) -> None:
    """Else a platform's retry across an upgrade would be a forgery, not a duplicate."""
    stored = example(name)
    arrival = checked(stored["outside"], PLATFORM, NOW)
    if name == ERASED:
        subject = SUBJECTS[next(iter(arrival.people))].id
        written = [erasure(arrival.source, arrival.id, arrival.time, subject)]
    else:
        written = list(entries(arrival, SUBJECTS))
    assert [plain(each) for each in written] == stored["log"]


@pytest.mark.parametrize("state", STATES)
def test_what_platforms_are_told_fits_the_asyncapi_document(state: State) -> None:
    (first, _) = stored_rounds()
    change = first.changes[0]
    accepted = change.suggestion.members if state == "accepted" else ()
    suggestion = structs.replace(change.suggestion, state=state, accepted_by=accepted)
    cause = "withdrawn:capacity" if state == "withdrawn" else state
    round_ = structs.replace(first, changes=(Change(suggestion, cause),))
    told, *_ = words().images(round_, {suggestion.id: ("intranet",)}, {"intranet": ("staff",)})
    message = message_of("matching", f"suggestion.{shown_state(suggestion, cause)}.v1")
    fits("matching", message["headers"], dict(told.headers))
    fits("matching", message["payload"], json.loads(told.value))
    assert told.topic == Topics().suggestions("intranet").name
    assert told.key.decode() == suggestion.id


def test_the_parts_of_a_round_fit_the_asyncapi_document(monkeypatch: pytest.MonkeyPatch) -> None:
    (first, _) = stored_rounds()
    monkeypatch.setattr(record, "PART_BYTES", len(record.encode(first)) // 3 + 1)
    parts, message = record.split(first), message_of("matching", "roundPart")
    assert len(parts) == 3
    for each in parts:
        fits("matching", message["headers"], {k: text.decode() for k, text in each.headers})
        key_fits("matching", "roundPart", each.key.decode())
    key_fits("matching", "round", "17")
    with pytest.raises(jsonschema.ValidationError):
        key_fits("matching", "round", parts[0].key.decode())


async def test_the_row_of_an_erased_member_fits_the_asyncapi_document() -> None:
    subject = min(each.id for each in SUBJECTS.values())
    producer = Producer()
    outlet = KafkaOutlet(lambda _: producer, "id", cast("Any", Same()))
    await outlet.open()
    await outlet.publish(Image(0, [(member_key(subject).encode(), None)], end=1, latest=0))
    (erased, mark) = producer.rows
    key_fits("profile", "memberErased", erased[0])
    fits("profile", message_of("profile", "memberErased")["payload"], erased[1])
    fits("profile", message_of("profile", "mark")["payload"], json.loads(mark[1] or b""))
    for name in ("member", "tie", "mark"):
        with pytest.raises(jsonschema.ValidationError):
            fits("profile", message_of("profile", name)["payload"], None)


def test_a_dead_letter_fits_the_asyncapi_document_and_gives_the_original_back() -> None:
    headers = [("ce_id", b"x"), ("content-type", b"text/plain")]
    original = SimpleNamespace(
        topic="crosstie.inbox.v1.intranet",
        partition=3,
        offset=17,
        key=b"k",
        value=b"\xffgarbage",
        headers=headers,
    )
    letter = dlq.letter(original, Rejected("/data", "x", "JSON", "send JSON"), NOW)
    added = {name: text.decode() for name, text in letter.headers[len(headers) :]}
    fits("ingestion", message_of("ingestion", "deadLetter")["headers"], added)
    read = dlq.read(letter.key, letter.value, letter.headers)
    assert (read.key, read.value, read.headers) == (b"k", b"\xffgarbage", headers)


@pytest.mark.parametrize(("key", "more"), [(b"", dlq.EMPTY_KEY), (None, None)])
def test_what_is_in_a_dead_letter_only_sometimes_fits_too(key: Any, more: str | None) -> None:
    original = SimpleNamespace(topic="t", partition=0, offset=0, key=key, value=None, headers=[])
    letter = dlq.letter(original, Rejected("", None, "an event", "send one"), NOW)
    added = {name: text.decode() for name, text in letter.headers}
    fits("ingestion", message_of("ingestion", "deadLetter")["headers"], added)
    assert more in added or len(added) == 5


@pytest.mark.parametrize("dismissed", [False, True])
def test_the_mark_of_a_letter_fits_the_asyncapi_document(dismissed: bool) -> None:
    original = SimpleNamespace(topic="t", partition=0, offset=0, key=None, value=b"", headers=[])
    entry = dlq.letter(original, Rejected("", None, "an event", "send one"), NOW)
    name = dlq.read(entry.key, entry.value, entry.headers).name
    mark = dlq.mark(name, NOW, dismissed=dismissed)
    message = message_of("ingestion", "replayedLetter")
    headers = {k: text.decode() for k, text in mark.headers}
    fits("ingestion", message["headers"], headers)
    assert headers.keys() <= message["headers"]["properties"].keys()
    fits("ingestion", message["payload"], (mark.value or b"").decode())


def stored_rounds() -> list[Round]:
    records = [Record(each["key"].encode(), each["value"].encode()) for each in example("rounds")]
    return list(record.joined(records))


def words() -> Words:
    """The network of the stored rows, with everyone known by name."""
    rows = {
        each["key"]: decode_row(each["key"], each["value"].encode())
        for each in example("network")
        if each["key"] != MARK_KEY
    }
    people = {subject.id: person for person, subject in SUBJECTS.items()}
    return Words(Network.of(rows), people, Topics(), "local")


def plain(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key.decode(),
        "headers": [[name, text.decode()] for name, text in entry.headers],
        "value_base64": base64.b64encode(entry.value or b"").decode(),
    }


def message_of(service: str, name: str) -> dict[str, Any]:
    message: dict[str, Any] = asyncapi.documents()[service]["components"]["messages"][name]
    return message


def key_fits(service: str, name: str, key: str) -> None:
    fits(service, message_of(service, name)["bindings"]["kafka"]["key"], key)


class Same:
    """The topic that there always was."""

    topic = "network.v1"

    async def id(self) -> str:
        return "an-id"


class Producer:
    """An aiokafka producer that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, bytes | None]] = []

    def create_batch(self) -> Producer:
        return self

    def append(self, *, key: bytes, value: bytes | None, timestamp: None) -> bool:
        self.rows.append((key.decode(), value))
        return True

    async def send_batch(self, *_: Any, **__: Any) -> Any:
        return asyncio.sleep(0, SimpleNamespace(offset=0))

    async def start(self) -> None: ...
    async def begin_transaction(self) -> None: ...
    async def commit_transaction(self) -> None: ...


def fits(service: str, schema: dict[str, Any], value: Any) -> None:
    components = asyncapi.documents()[service]["components"]
    jsonschema.Draft7Validator({**schema, "components": components}).validate(value)
