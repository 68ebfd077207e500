"""The generated documents: as committed, valid, and held equal to topics, types and samples."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crosstie.contracts import __main__ as contracts
from crosstie.contracts import asyncapi, openapi, schemas
from crosstie.events import EVENT_TYPES
from crosstie.runtime.java import cache
from crosstie.suggestions import SUGGESTION_TYPES
from crosstie.topics import Topics
from tests.lacking import lacking

JsonObject = dict[str, Any]

DOCUMENTS = asyncapi.documents()
OFFICIAL = "@asyncapi/specs@6.11.1"
OFFICIAL_SHA256 = "01af8744dc33c0c7eb2e908f6a955319ee58b70ecadc9387d1aeb16c0cd28928"
ANSWERING = [
    "services/ingestion/http.py",
    "services/ingestion/body.py",
    "libs/common/crosstie/runtime/auth.py",
    "libs/common/crosstie/runtime/limits.py",
    "libs/common/crosstie/runtime/connections.py",
]
document = pytest.mark.parametrize("name", DOCUMENTS)


def test_what_is_committed_is_what_the_code_generates() -> None:
    assert not contracts.differing(), "run `make contracts` and commit what it writes"


@pytest.mark.parametrize("name", schemas.stored())
def test_every_stored_schema_is_valid_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas.stored()[name])


@document
def test_a_document_is_valid_by_the_official_schema_of_asyncapi(
    name: str, official: JsonObject
) -> None:
    jsonschema.Draft7Validator(official).validate(DOCUMENTS[name])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("operations", "refuse", "action"), "produce"),
        (("channels", "inbox", "adress"), "x"),
        (("components", "messages", "member.joined.v1", "headers", "type"), 1),
        (("channels", "inbox", "bindings", "kafka", "partitions"), 0),
    ],
    ids=lambda value: "/".join(value) if isinstance(value, tuple) else None,
)
def test_the_official_schema_catches_a_planted_mistake(
    path: tuple[str, ...], value: Any, official: JsonObject
) -> None:
    wrong = copy.deepcopy(DOCUMENTS["ingestion"])
    at: Any = wrong
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(official).validate(wrong)


@document
def test_every_reference_of_a_document_leads_somewhere(name: str) -> None:
    for reference in references(DOCUMENTS[name]):
        assert resolved(DOCUMENTS[name], reference) is not None


@document
def test_every_sample_of_a_document_fits_its_own_headers_and_payload(name: str) -> None:
    whole = DOCUMENTS[name]
    for message in whole["components"]["messages"].values():
        for sample in message.get("examples", ()):
            fits(whole, message["payload"], sample["payload"])
            if "headers" in sample:
                fits(whole, message["headers"], sample["headers"])


def test_what_a_platform_sends_has_a_sample_of_every_type() -> None:
    messages = DOCUMENTS["ingestion"]["components"]["messages"]
    sampled = {message["name"] for message in messages.values() if message.get("examples")}
    assert set(EVENT_TYPES) <= sampled


def test_the_documents_name_every_topic_as_it_is_created_and_no_other() -> None:
    topics = {topic.name: topic for topic in Topics().every(["{platform}"])}
    channels = [each for whole in DOCUMENTS.values() for each in whole["channels"].values()]
    assert {channel["address"] for channel in channels} == set(topics)
    for channel in channels:
        binding = channel["bindings"]["kafka"]
        assert binding["partitions"] == topics[channel["address"]].partitions
        said = binding["topicConfiguration"] | {
            "cleanup.policy": topics[channel["address"]].cleanup
        }
        assert {name: str(value) for name, value in said.items()} == topics[
            channel["address"]
        ].config()


def test_every_status_that_the_http_door_answers_is_documented_with_its_body() -> None:
    code = "".join((contracts.REPOSITORY / each).read_text() for each in ANSWERING)
    answered = set(re.findall(r"(?:Exception|_problem|_refuse)\(\s*(\d{3})", code))
    answered |= {"202", "422"} | set(re.findall(r"status: int = (\d{3})", code))
    assert {"400", "401", "403", "408", "413", "414", "415", "429", "431", "503"} <= answered
    document = openapi.documents()["ingestion"]
    responses = document["paths"]["/v1/events"]["post"]["responses"]
    for status in sorted(answered):
        schema = responses[status]["content"]["application/json"]["schema"]
        for reference in references(schema):
            assert resolved(document, reference)["properties"]
        assert list(references(schema)), status
    assert {each.rsplit("/", 1)[1] for each in references(responses["403"])} == {
        "Answer",
        "Problem",
    }


def test_the_http_door_is_documented_in_binary_mode() -> None:
    post = openapi.documents()["ingestion"]["paths"]["/v1/events"]["post"]
    headers = {each["name"] for each in post["parameters"] if each["in"] == "header"}
    assert headers == {"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"}
    schemas = post["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert any("Binary mode" in each.get("description", "") for each in schemas)


def test_every_type_of_suggestion_is_told_on_the_suggestions_topic() -> None:
    messages = DOCUMENTS["matching"]["channels"]["suggestions"]["messages"]
    assert {f"org.crosstie.{name}" for name in messages} == set(SUGGESTION_TYPES.values())


def fits(whole: JsonObject, schema: JsonObject, value: Any) -> None:
    jsonschema.Draft7Validator({**schema, "components": whole["components"]}).validate(value)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref":
                yield each
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def resolved(whole: JsonObject, reference: str) -> Any:
    at: Any = whole
    for name in reference.removeprefix("#/").split("/"):
        at = at[name]
    return at


@pytest.fixture(scope="module")
def official() -> JsonObject:
    """The schema that the AsyncAPI project publishes; only npm has it."""
    npm = shutil.which("npm")
    archive = cache() / "asyncapi-specs-6.11.1.tgz"
    if not archive.exists():
        if npm is None:
            lacking("needs npm, which is the only registry with AsyncAPI's own schema")
        packed(npm, archive)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == OFFICIAL_SHA256
    with tarfile.open(archive) as members:
        file = members.extractfile("package/schemas/3.0.0.json")
        assert file is not None
        return json.load(file)  # type: ignore[no-any-return]


def packed(npm: str, archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(
        [npm, "pack", "--silent", "--pack-destination", str(archive.parent), OFFICIAL],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if got.returncode != 0:
        lacking(f"npm could not fetch {OFFICIAL}")
