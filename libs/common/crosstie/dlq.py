"""Dead letters: what was wrong on an inbox, as it came, with the place and the reason.

A letter is the original record with five headers more (a header name that is not UTF-8 is kept in
hexadecimal, and an absent key as an empty one; what was empty says so in a sixth). A letter that is
too big for `dlq.v1` keeps its place only: the inbox holds it for 30 days.

A replay puts the original back on its inbox with two headers more: which letter it was at first,
and how often it was replayed since. Beside the letters it leaves a mark of the one that it took;
an operator who dismisses a letter leaves one too. To who knows no dismissals, that one was replayed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from crosstie import instants
from crosstie.door.entries import Entry
from crosstie.errors import UNREADABLE, Rejected

TOPIC = "crosstie_topic"
PARTITION = "crosstie_partition"
OFFSET = "crosstie_offset"
REASON = "crosstie_reason"
AT = "crosstie_at"
EMPTY_KEY = "crosstie_empty_key"  # the original's key is empty, and not absent
OMITTED = "crosstie_omitted"  # bytes of the original that are left out
MOST_BYTES = 3 * 1024 * 1024
_HEADER_BYTES = 10  # at most, of a header beside its name and value: their two lengths
_MOST_TOLD_BYTES = 512  # of what a replay added; it adds less

REPLAY_OF = "crosstie_replay_of"  # on the inbox: the name of the first letter
REPLAYS = "crosstie_replays"  # on the inbox: how often it was replayed
REPLAYED = "crosstie_replayed"  # of a mark, and its last: when
DISMISSED = "crosstie_dismissed"  # of a mark: not replayed, but given up

_OURS = (EMPTY_KEY, OMITTED)  # what may follow the five, in this order
_COUNT = re.compile(rb"[0-9]{1,9}")

Headers = Sequence[tuple[str, bytes]]


class Fault(Struct, frozen=True):
    """Something that is wrong with a record; see `Rejected`."""

    pointer: str
    value: str
    limit: str
    remedy: str


class Reason(Fault, frozen=True, omit_defaults=True):
    """Why it was refused: the first fault, and what else is wrong."""

    others: tuple[Fault, ...] = ()


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
        return _name(self.topic, self.partition, self.offset)

    @property
    def first(self) -> str:
        """The letter that this record was at first; its own name where it is no replay."""
        found = dict(self.headers).get(REPLAY_OF) or b""
        name = found.decode(errors="replace")
        # a platform writes what it likes on its inbox, so it may speak of its own letters only
        return name if name.startswith(f"{self.topic}/") else self.name

    @property
    def replays(self) -> int:
        """How often it was replayed before it was refused this time."""
        found = dict(self.headers).get(REPLAYS) or b""
        return int(found) if self.first != self.name and _COUNT.fullmatch(found) else 0


def letter(record: Any, why: Rejected, at: int) -> Entry:
    """The dead letter of a Kafka record (of aiokafka)."""
    ours = [
        *_place(record),
        (REASON, msgspec.json.encode(_reason(why))),
        (AT, instants.to_rfc3339(at).encode()),
    ]
    size = _size(record.key, record.value, record.headers)
    headers = sendable(record.headers) if size <= MOST_BYTES else []
    # names in hexadecimal are longer than they were
    if max(size, _size(record.key, record.value, headers)) > MOST_BYTES:
        return Entry(b"", b"", [*_told(record.headers), *ours, (OMITTED, str(size).encode())])
    if record.key == b"":
        ours.append((EMPTY_KEY, b"true"))
    return Entry(record.key or b"", record.value, [*headers, *ours])


def _reason(why: Rejected) -> Reason:
    others = tuple(Fault(each.pointer, each.value, each.limit, each.remedy) for each in why.others)
    return Reason(why.pointer, why.value, why.limit, why.remedy, others)


def mark(name: str, at: int, *, dismissed: bool = False) -> Entry:
    """What stands in `dlq.v1` beside the letter of that name once it was replayed or dismissed."""
    place = zip((TOPIC, PARTITION, OFFSET), name.rsplit("/", 2), strict=True)
    headers = [(each, text.encode()) for each, text in place]
    if dismissed:
        headers.append((DISMISSED, b"true"))
    return Entry(name.encode(), b"", [*headers, (REPLAYED, instants.to_rfc3339(at).encode())])


def marked(headers: Headers) -> str | None:
    """The name of the letter that a record of `dlq.v1` marks; None for a letter."""
    if not headers or headers[-1][0] != REPLAYED:
        return None
    ours = {name: (value or b"").decode(errors="replace") for name, value in headers}
    return _name(ours.get(TOPIC), ours.get(PARTITION), ours.get(OFFSET))


def dismissed(headers: Headers) -> bool:
    """Whether a mark says that its letter was dismissed, and not replayed."""
    return any(name == DISMISSED for name, _ in headers)


def replay_headers(letter: Letter, before: int) -> list[tuple[str, bytes]]:
    """What a replay adds to the original, after so many before."""
    return [(REPLAY_OF, letter.first.encode()), (REPLAYS, str(before + 1).encode())]


def sendable(headers: Headers) -> list[tuple[str, bytes]]:
    """Headers that clients can send: names in hexadecimal where their bytes are no UTF-8."""
    return [(_sendable(name), value) for name, value in headers]


def as_sent(headers: Headers) -> list[tuple[str, bytes]]:
    """Headers of an inbox without what a replay added."""
    return [each for each in headers if each[0] not in (REPLAY_OF, REPLAYS)]


def read(key: bytes | None, value: bytes | None, headers: Headers) -> Letter:
    """The letter of a record of `dlq.v1`. Raises Rejected for what is none."""
    original, more = list(headers), {}
    for name in reversed(_OURS):  # ours are the last
        if original and original[-1][0] == name:
            more[name] = original.pop()[1]
    ours = dict(original[-5:])
    try:
        return Letter(
            topic=ours[TOPIC].decode(),
            partition=int(ours[PARTITION]),
            offset=int(ours[OFFSET]),
            reason=msgspec.json.decode(ours[REASON], type=Reason),
            at=_moment(ours[AT].decode()),
            key=key if key or EMPTY_KEY in more else None,
            value=value,
            headers=original[:-5],
            omitted=int(more.get(OMITTED, b"0")),
        )
    except (KeyError, *UNREADABLE) as error:
        raise Rejected("/headers", str(error), "headers of a dead letter", "leave it") from error


def _moment(text: str) -> str:
    instants.from_rfc3339(text)
    return text


def _name(topic: object, partition: object, offset: object) -> str:
    return f"{topic}/{partition}/{offset}"


def _place(of: Any) -> list[tuple[str, bytes]]:
    return [
        (TOPIC, of.topic.encode()),
        (PARTITION, str(of.partition).encode()),
        (OFFSET, str(of.offset).encode()),
    ]


def _told(headers: Headers) -> list[tuple[str, bytes]]:
    """What a replay added, as far as it is no longer than that can be."""
    told = {name: value or b"" for name, value in headers if name in (REPLAY_OF, REPLAYS)}
    return [each for each in told.items() if len(each[1]) <= _MOST_TOLD_BYTES]


def _sendable(name: str) -> str:
    """A header's name: clients send none but text."""
    if name.isascii():
        return name
    try:
        return name.encode().decode()
    except UnicodeEncodeError:
        return "hex:" + name.encode(errors="surrogateescape").hex()


def _named(name: str) -> int:
    return len(name) if name.isascii() else len(name.encode(errors="surrogateescape"))


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """What a record takes in Kafka, at most, beside a few bytes of its own."""
    described = sum(_named(name) + len(text or b"") + _HEADER_BYTES for name, text in headers)
    return len(key or b"") + len(value or b"") + described
