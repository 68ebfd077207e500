"""An erasure waits until what precedes it is read; where nobody may know, it goes, and that is said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from crosstie.brokers import Brokers
from crosstie.client import ordered
from crosstie.client.inbox import CloudEvent
from crosstie.client.ordered import Ordered
from crosstie.errors import Misconfigured
from crosstie.events import ERASED
from crosstie.runtime.group_offsets import Hidden

TALK = {"type": "org.crosstie.contact.made.v1"}
ERASURE = {"type": ERASED}


class Box:
    """An inbox that notes what is sent, and in how many turns."""

    ends = {0: 1}

    def __init__(self) -> None:
        self.sent: list[list[CloudEvent]] = []

    async def send(self, events: Iterable[CloudEvent]) -> int:
        self.sent.append([*events])
        return len(self.sent[-1])


def asked(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> list[Any]:
    """The group answers so, one after another; an error is raised."""
    left = [*answers]

    async def committed(*_: object) -> dict[int, int]:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    monkeypatch.setattr(ordered, "committed", committed)
    monkeypatch.setattr(ordered, "_POLL_SECONDS", 0.0)
    return left


def sending(box: Box) -> Ordered:
    return Ordered(box, Brokers("127.0.0.1:1"), "readers", "t.inbox.v1.members")  # type: ignore[arg-type]


async def test_an_erasure_waits_until_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    box, left = Box(), asked(monkeypatch, {}, {0: 0}, {0: 1})
    assert await sending(box).send([ERASURE, TALK]) == 2
    assert box.sent == [[TALK], [ERASURE]]
    assert left == []


async def test_where_the_group_is_hidden_that_is_said_and_nobody_asks_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box, _ = Box(), asked(monkeypatch, Hidden("let it describe that group"))
    to = sending(box)
    await to.send([ERASURE])
    await to.send([ERASURE])
    assert box.sent == [[], [ERASURE], [], [ERASURE]]
    assert capsys.readouterr().err.count("we may not see how far") == 1


async def test_wrong_settings_are_no_hidden_group(monkeypatch: pytest.MonkeyPatch) -> None:
    box, _ = Box(), asked(monkeypatch, Misconfigured("no such certificate"))
    with pytest.raises(Misconfigured, match="certificate"):
        await sending(box).send([TALK, ERASURE])
    assert box.sent == [[TALK]]
