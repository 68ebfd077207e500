"""Records of the log, as ingestion writes them, for tests of profile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crosstie import logrecord, sealing
from crosstie.network.fold import ERASED
from crosstie.network.state import member_key, tie_key

ALMA, BORIS, CHIDI = "A" * 16, "B" * 16, "C" * 16
NOON_US = 1_760_000_000_000_000
SOURCE = "https://platform.example"


@dataclass(frozen=True)
class Logged:
    """A record; `offset` is given by `in_order`."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    offset: int = -1


@dataclass
class Writer:
    """Makes records, sealed with the data keys it made; ids count up."""

    data_keys: dict[str, bytes] = field(default_factory=dict)
    ids: int = 0

    def person(self, subject: str) -> bytes:
        return self.data_keys.setdefault(subject, sealing.new_key())

    def described(
        self, subject: str, id: str | None = None, at: int = NOON_US, **said: Any
    ) -> Logged:
        return self._about(subject, "org.crosstie.member.described.v1", id, at, said)

    def posted(self, subject: str, item: str, text: str) -> Logged:
        said = {"item": item, "text": text}
        return self._about(subject, "org.crosstie.need.posted.v1", None, NOON_US, said)

    def erased(self, subject: str, id: str | None = None) -> Logged:
        return self._plain(member_key(subject), ERASED, {"member": subject}, id, NOON_US)

    def met(
        self, one: str, other: str, id: str | None = None, at: int = NOON_US, **said: Any
    ) -> Logged:
        data = {"members": [one, other], "channel": "met"} | said
        return self._plain(tie_key(one, other), "org.crosstie.contact.made.v1", data, id, at)

    def garbage(self) -> Logged:
        return Logged(b"member/\xff", b"{not json", [("ce_id", b"\xff")])

    def _about(self, subject: str, type: str, id: str | None, at: int, said: Any) -> Logged:
        id = id or self._next_id()
        payload = json.dumps({"member": subject} | said).encode()
        sealed = sealing.seal(payload, self.person(subject), SOURCE, id)
        headers = logrecord.headers(SOURCE, id, type, at, sealed=True)
        return Logged(member_key(subject).encode(), sealed, headers)

    def _plain(self, key: str, type: str, data: Any, id: str | None, at: int) -> Logged:
        headers = logrecord.headers(SOURCE, id or self._next_id(), type, at, sealed=False)
        return Logged(key.encode(), json.dumps(data).encode(), headers)

    def _next_id(self) -> str:
        self.ids += 1
        return f"e{self.ids}"


def in_order(*records: Logged, start: int = 0) -> list[Logged]:
    """The records with offsets from `start` on."""
    return [Logged(each.key, each.value, each.headers, start + n) for n, each in enumerate(records)]
