"""Kafka records as CloudEvents: binary and structured mode, and what is neither."""

from __future__ import annotations

import pytest

from crosstie.door.record import MOST_BYTES, event_of, event_of_request
from crosstie.errors import Rejected

BINARY = [("ce_specversion", b"1.0"), ("ce_id", b"\xc3\xa9"), ("content-type", b"application/json")]


def test_binary_mode_takes_attributes_from_headers() -> None:
    assert event_of(b"k", b'{"a": 1}', [*BINARY, ("x", b"\xff"), ("traceparent", b"1")]) == {
        "specversion": "1.0",
        "id": "é",
        "datacontenttype": "application/json",
        "data": {"a": 1},
    }


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"e-1", "e-1"),
        (b"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        (b"%e2%82%ac", "€"),
        (b"%41%2D1", "A-1"),
        (b"%2541", "%41"),
        (b"a+b", "a+b"),
        (b"50%", "50%"),
        (b'"a b"', "a b"),
        (rb'"say \"hi\" \\%41"', r'say "hi" \A'),
        (b'a "b" c', 'a "b" c'),
    ],
)
def test_headers_of_a_request_are_unquoted_and_decoded_once(sent: bytes, read: str) -> None:
    headers = [("host", b"x"), ("content-type", b'application/json; charset="utf-8"')]
    assert event_of_request(b'{"a": 1}', [*headers, ("ce-id", sent)]) == {
        "id": read,
        "datacontenttype": 'application/json; charset="utf-8"',
        "data": {"a": 1},
    }


@pytest.mark.parametrize(
    ("body", "headers", "pointer"),
    [
        (b"{}", [("ce-id", b"%C0%A0")], "/id"),
        (b"{}", [("ce-id", b"1"), ("ce-id", b"2")], "/id"),
        (b"{}", [("ce-data", b"2")], "/data"),
        (b"", [("ce-id", b"1")], ""),
    ],
)
def test_a_request_that_is_no_event_is_refused(
    body: bytes, headers: list[tuple[str, bytes]], pointer: str
) -> None:
    with pytest.raises(Rejected) as caught:
        event_of_request(body, headers)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    "media", [None, b"application/json", b"application/cloudevents+json; charset=UTF-8"]
)
def test_structured_mode_takes_the_value_as_it_is(media: bytes | None) -> None:
    headers = [] if media is None else [("content-type", media)]
    assert event_of(None, b'{"id": "x"}', headers) == {"id": "x"}


def test_structured_mode_wins_over_attribute_headers() -> None:
    headers = [("content-type", b"application/cloudevents+json"), ("ce_id", b"y")]
    assert event_of(None, b'{"id": "x"}', headers) == {"id": "x"}


@pytest.mark.parametrize(
    ("value", "headers", "pointer"),
    [
        (None, BINARY, ""),
        (b"{", BINARY, ""),
        (b"", [], ""),
        (b"{}", [("ce_id", b"\xff")], "/id"),
        (b"{}", [*BINARY, ("ce_id", b"2")], "/id"),
        (b"{}", [*BINARY, ("ce_data", b"2")], "/data"),
        (b"{}", [("content-type", b"application/cloudevents-batch+json")], "/datacontenttype"),
        (b"{}", [("content-type", b"application/cloudevents+avro")], "/datacontenttype"),
        (b"x" * (MOST_BYTES + 1), [], ""),
    ],
)
def test_what_is_no_event_is_refused(
    value: bytes | None, headers: list[tuple[str, bytes]], pointer: str
) -> None:
    with pytest.raises(Rejected) as caught:
        event_of(None, value, headers)
    assert caught.value.pointer == pointer
