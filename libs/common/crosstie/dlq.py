"""Dead letters: what was wrong on an inbox, as it came, with the place and the reason.

A letter is the original record with five headers more (a header name that is not UTF-8 is kept in
hexadecimal, and an absent key as an empty one). A letter that is too big for `dlq.v1` keeps its
place only: the inbox holds it for 30 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from crosstie import instants
from crosstie.door.entries import Entry
from crosstie.errors import Rejected

TOPIC = "crosstie_topic"
PARTITION = "crosstie_partition"
OFFSET = "crosstie_offset"
REASON = "crosstie_reason"
AT = "crosstie_at"
OMITTED = "crosstie_omitted"  # bytes of the original that are left out
MOST_BYTES = 3 * 1024 * 1024

Headers = Sequence[tuple[str, bytes]]


class Reason(Struct, frozen=True):
    """Why it was refused; see `Rejected`."""

    pointer: str
    value: str
    limit: str
    remedy: str


class Letter(Struct, frozen=True):
    """A dead letter read again: the original, where it stood, why and when it was refused."""

    topic: str
    partition: int
    offset: int
    reason: Reason
    at: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    omitted: int = 0

    @property
    def name(self) -> str:
        """How an operator names it: `<topic>/<partition>/<offset>` of the original."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def letter(record: Any, why: Rejected, at: int) -> Entry:
    """The dead letter of a Kafka record (of aiokafka)."""
    reason = Reason(why.pointer, why.value, why.limit, why.remedy)
    place = [
        (TOPIC, record.topic.encode()),
        (PARTITION, str(record.partition).encode()),
        (OFFSET, str(record.offset).encode()),
        (REASON, msgspec.json.encode(reason)),
        (AT, instants.to_rfc3339(at).encode()),
    ]
    size = _size(record.key, record.value, record.headers)
    if size > MOST_BYTES:
        return Entry(b"", b"", [*place, (OMITTED, str(size).encode())])
    headers = [(_sendable(name), value) for name, value in record.headers]
    return Entry(record.key or b"", record.value, [*headers, *place])


def read(key: bytes | None, value: bytes | None, headers: Headers) -> Letter:
    """The letter of a record of `dlq.v1`. Raises Rejected for what is none."""
    count = 6 if headers and headers[-1][0] == OMITTED else 5  # ours are the last
    original, ours = list(headers[:-count]), dict(headers[-count:])
    try:
        return Letter(
            topic=ours[TOPIC].decode(),
            partition=int(ours[PARTITION]),
            offset=int(ours[OFFSET]),
            reason=msgspec.json.decode(ours[REASON], type=Reason),
            at=ours[AT].decode(),
            key=key or None,
            value=value,
            headers=original,
            omitted=int(ours.get(OMITTED, b"0")),
        )
    except (KeyError, ValueError) as error:
        raise Rejected("/headers", str(error), "headers of a dead letter", "leave it") from error


def shown(letter: Letter) -> dict[str, Any]:
    """The letter as JSON for people and programs, without its payload."""
    reason = msgspec.structs.asdict(letter.reason)
    return {"letter": letter.name, "at": letter.at, "bytes": len(letter.value or b"")} | reason


def shown_in_full(letter: Letter) -> dict[str, Any]:
    """The letter with its original, as text where it is text, else in hexadecimal."""
    headers = {name: _text(value) for name, value in letter.headers}
    original = {"key": _text(letter.key), "headers": headers, "value": _text(letter.value)}
    return shown(letter) | {"omitted_bytes": letter.omitted, "original": original}


def _text(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}


def _sendable(name: str) -> str:
    """A header's name, in hexadecimal where its bytes are no UTF-8: clients send none but text."""
    if name.isascii():
        return name
    try:
        return name.encode().decode()
    except UnicodeEncodeError:
        return "hex:" + name.encode(errors="surrogateescape").hex()


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    return len(key or b"") + len(value or b"") + sum(len(n) + len(v or b"") for n, v in headers)
