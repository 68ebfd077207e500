"""A Kafka record, or a request in binary mode, as a CloudEvent.

Binary mode: attributes in headers (`ce_` on Kafka, `ce-` over HTTP), data in the value or body.
Structured mode: all of it is one JSON object.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from crosstie.door import strict_json
from crosstie.errors import Rejected

MOST_BYTES = 1024 * 1024
STRUCTURED = "application/cloudevents+json"
_PREFIX, _HTTP_PREFIX = "ce_", "ce-"
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

Headers = Sequence[tuple[str, bytes]]


def event_of(key: bytes | None, value: bytes | None, headers: Headers) -> Any:
    """The CloudEvent's JSON, not yet checked. Raises Rejected where there is none."""
    size = len(key or b"") + len(value or b"") + sum(len(n) + len(v or b"") for n, v in headers)
    if size > MOST_BYTES:
        raise Rejected("", f"{size} bytes", f"at most {MOST_BYTES} bytes", "send smaller events")
    if value is None:
        raise Rejected("", None, "a CloudEvent", "send a value; nothing is deleted by a null")
    attributes = _attributes(headers, _PREFIX)
    media = attributes.get("datacontenttype", "")
    if media.lower().startswith("application/cloudevents") or not (
        attributes.keys() - {"datacontenttype"}
    ):
        return _structured(value, media)
    return _binary(attributes, value)


def is_binary(headers: Headers) -> bool:
    """Whether a request has attributes in its headers, whose names are in lower case."""
    return any(name.startswith(_HTTP_PREFIX) for name, _ in headers)


def event_of_request(body: bytes, headers: Headers) -> Any:
    """The CloudEvent of a request in binary mode, not yet checked. Raises Rejected."""
    attributes = [
        (name, _unescaped(value) if name.startswith(_HTTP_PREFIX) else value)
        for name, value in headers
    ]
    return _binary(_attributes(attributes, _HTTP_PREFIX), body)


def _binary(attributes: dict[str, str], data: bytes) -> Any:
    if "data" in attributes:
        raise Rejected("/data", "a header", "the record's value, or the body", "send it there")
    return attributes | {"data": strict_json.parsed(data)}


def _structured(value: bytes, media: str) -> Any:
    kind = media.split(";", maxsplit=1)[0].strip().lower()
    if kind not in ("", "application/json", STRUCTURED):
        raise Rejected("/datacontenttype", media, STRUCTURED, "send one event a record, as JSON")
    return strict_json.parsed(value)


def _unescaped(value: bytes) -> bytes:
    """A header's value as CloudEvents' HTTP binding reads it (3.1.3.2): quotes, then per cent."""
    value = value.strip()
    if _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(rb"\1", value[1:-1])
    return unquote_to_bytes(value)


def _attributes(headers: Headers, prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for header, value in headers:
        name = (
            "datacontenttype" if header.lower() == "content-type" else header.removeprefix(prefix)
        )
        if name == header:
            continue  # not of CloudEvents: none of our business
        if name in found:
            raise Rejected(
                f"/{strict_json.escaped(name)}", "given twice", "given once", "send one header"
            )
        try:
            found[name] = (value or b"").decode()
        except UnicodeDecodeError as error:
            pointer = f"/{strict_json.escaped(name)}"
            at = f"byte 0x{value[error.start]:02x} at position {error.start}"
            raise Rejected(pointer, at, "UTF-8", "encode the header as UTF-8") from error
    return found
