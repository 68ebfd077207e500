"""A Kafka record as a CloudEvent: binary mode (`ce_` headers) or structured (one JSON object)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosstie.door import strict_json
from crosstie.errors import Rejected

MOST_BYTES = 1024 * 1024
STRUCTURED = "application/cloudevents+json"
_PREFIX = "ce_"


def event_of(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Any:
    """The CloudEvent's JSON, not yet checked. Raises Rejected where there is none."""
    size = len(key or b"") + len(value or b"") + sum(len(n) + len(v or b"") for n, v in headers)
    if size > MOST_BYTES:
        raise Rejected("", f"{size} bytes", f"at most {MOST_BYTES} bytes", "send smaller events")
    if value is None:
        raise Rejected("", None, "a CloudEvent", "send a value; nothing is deleted by a null")
    attributes = _attributes(headers)
    media = attributes.get("datacontenttype", "")
    if media.lower().startswith("application/cloudevents") or not (
        attributes.keys() - {"datacontenttype"}
    ):
        return _structured(value, media)
    if "data" in attributes:
        raise Rejected("/data", "a header ce_data", "in the record's value", "send it there")
    return attributes | {"data": strict_json.parsed(value)}


def _structured(value: bytes, media: str) -> Any:
    kind = media.split(";", maxsplit=1)[0].strip().lower()
    if kind not in ("", "application/json", STRUCTURED):
        raise Rejected("/datacontenttype", media, STRUCTURED, "send one event a record, as JSON")
    return strict_json.parsed(value)


def _attributes(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header, value in headers:
        name = (
            "datacontenttype" if header.lower() == "content-type" else header.removeprefix(_PREFIX)
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
            raise Rejected(pointer, value.hex(), "UTF-8", "encode the header as UTF-8") from error
    return found
