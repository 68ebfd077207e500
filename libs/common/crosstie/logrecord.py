"""Records of `events.v1`: CloudEvents 1.0 in Kafka binary mode, written by ingestion, read by all.

Reading takes two steps, because payloads about members are sealed: `head_of` reads what is plain,
the caller fetches the data keys of `sealed_subject`s, `opened` gives the event to fold.

A refusal is kept for ever, so it shows only what is of our form: who writes here past ingestion may
put anybody's name or words wherever there is room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from crosstie import instants
from crosstie.errors import UNREADABLE, Rejected, Withheld, shown
from crosstie.network.dedupe import digest
from crosstie.network.facts import DECODERS, Event, MemberFact
from crosstie.network.state import member_key, tie_key
from crosstie.sealing import SEALED, open_sealed

JSON = "application/json"
_KEY = re.compile("member/[A-Z2-7]{16}|tie/([A-Z2-7]{16})/([A-Z2-7]{16})")
_KEYS = "member/<subject>, or tie/<a>/<b> in plain"
_TYPE = re.compile(r"org\.crosstie\.[a-z]+\.[a-z]+\.v[0-9]+")
_QUOTED = re.compile("'.*'", re.DOTALL)
_EARLIEST = instants.from_rfc3339("1900-01-01T00:00:00Z")
_LATEST = instants.from_rfc3339("9999-01-01T00:00:00Z")  # what can be written as a timestamp again
Headers = Iterable[tuple[str, bytes | None]]  # what Kafka carries: a header may have no value


class Head(Struct, frozen=True, gc=False):
    """What a record says in plain; `value` is as logged, sealed or not."""

    source: str
    id: str
    type: str
    time: int
    key: str
    value: bytes
    sealed: bool

    @property
    def sealed_subject(self) -> str | None:
        """Whose data key opens the payload; None when it is plain."""
        return self.key.removeprefix("member/") if self.sealed else None


def headers(source: str, id: str, type: str, time: int, *, sealed: bool) -> list[tuple[str, bytes]]:
    """Kafka headers of a logged event (CloudEvents Kafka protocol binding, binary mode)."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_id", id.encode()),
        ("ce_type", type.encode()),
        ("ce_time", instants.to_rfc3339(time).encode()),
        ("content-type", (SEALED if sealed else JSON).encode()),
    ]


_WRITTEN = frozenset(name for name, _ in headers("", "", "", 0, sealed=False))


def head_of(key: bytes | None, value: bytes | None, headers: Headers) -> Head:
    """The plain part of a record. Raises Rejected for anything that ingestion would not write."""
    try:
        named = _named(headers)
        known = named["ce_type"] in DECODERS
        sealed = named.get("content-type") == SEALED
        head = Head(
            source=named["ce_source"],
            id=named["ce_id"],
            type=named["ce_type"],
            time=_time(named["ce_time"]),
            key=_key(key, sealed=sealed),
            value=value or b"",
            sealed=sealed,
        )
    except (KeyError, UnicodeDecodeError, ValueError) as error:
        raise Rejected(
            "/headers", str(error), "headers of a logged CloudEvent", "send it through ingestion"
        ) from error
    if not known:
        type = head.type if _TYPE.fullmatch(head.type) else Withheld(head.type)
        raise Rejected(
            "/type", type, "a type this version knows", "upgrade, then replay the quarantine"
        )
    return head


def opened(head: Head, data_keys: Mapping[str, bytes]) -> Event:
    """The event to fold; `data` is None (redacted) when `data_keys` lacks the subject.

    Raises Rejected for a payload that does not decode, or a key that is not its people's.
    """
    subject = head.sealed_subject
    data: Any = None
    if subject is None:
        data = _decoded(head, head.value)
    elif subject in data_keys:
        data = _decoded(head, open_sealed(head.value, data_keys[subject], head.source, head.id))
    body = digest(b"\0".join((head.type.encode(), str(head.time).encode(), head.value)))
    return Event(head.source, head.id, head.type, head.time, head.key, data, body)


def _named(headers: Headers) -> dict[str, str]:
    """Header values by name, all of them text. Raises ValueError."""
    given = list(headers)
    try:
        named = {name: value.decode() for name, value in given if value is not None}
    except UnicodeDecodeError:
        named = {}
    if len(named) == len(given) and named.keys() <= _WRITTEN:
        return named
    return {_utf8(name): _text(name, value) for name, value in given}  # or says which is wrong


def _utf8(name: str) -> str:
    """A header's name, which Kafka takes with any bytes. Raises UnicodeEncodeError for surrogates."""
    name.encode()
    return name


def _text(name: str, value: bytes | None) -> str:
    if value is None:
        raise ValueError(f"{name if name in _WRITTEN else 'another header'} without a value")
    return value.decode()


def _time(text: str) -> int:
    try:
        time = instants.from_rfc3339(text)
    except ValueError:
        raise ValueError("ce_time, which is no RFC 3339 with an offset") from None
    if not _EARLIEST <= time < _LATEST:
        raise ValueError(f"ce_time {text}")
    return time


def _key(key: bytes | None, *, sealed: bool) -> str:
    """The key of a row; only payloads about a member are sealed, and a tie's ends are in order."""
    text = (key or b"").decode()
    found = _KEY.fullmatch(text)
    if found is not None and (found[1] is None or (not sealed and found[1] < found[2])):
        return text
    value = Withheld(text) if found is None else text
    raise Rejected("/key", value, _KEYS, "send it through ingestion")


def _decoded(head: Head, payload: bytes) -> Any:
    try:
        data = DECODERS[head.type].decode(payload)
    except UNREADABLE as error:
        # of msgspec a word that is none of ours, which may be anybody's; of others no words at all
        reason = _QUOTED.sub("(withheld)", str(error))
        if not isinstance(error, msgspec.DecodeError):
            reason = type(error).__name__
        raise Rejected(
            "/data", reason, f"the data of {head.type}", "see the AsyncAPI document"
        ) from error
    expected = member_key(data.member) if isinstance(data, MemberFact) else tie_key(*data.members)
    if head.key != expected:
        limit = f"{expected if _KEY.fullmatch(expected) else _KEYS}, whom the data is about"
        raise Rejected("/key", shown(head.key), limit, "send it through ingestion")
    return data
