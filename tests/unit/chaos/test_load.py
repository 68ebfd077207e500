"""What was acknowledged is owed, by the door that took it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from crosstie.brokers import Brokers
from crosstie.chaos import load as loading
from crosstie.chaos.load import Load
from services.ingestion.body import MOST_EVENTS

JOINED, MET = "org.crosstie.member.joined.v1", "org.crosstie.contact.made.v1"
ANN, MEETING = ("urn:club", "ann"), ("urn:club", "meeting")


def event(identity: tuple[str, str], type: str) -> dict[str, Any]:
    source, id = identity
    return {"source": source, "id": id, "type": type, "time": "2020-01-06T00:00:00Z"}


class Box:
    """An inbox that takes everything."""

    async def send(self, events: Iterable[Any]) -> int:
        return len([*events])


@pytest.fixture
async def load(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Load]:
    @asynccontextmanager
    async def inbox(_brokers: Brokers, _topic: str) -> AsyncIterator[Box]:
        yield Box()

    def accepted(request: httpx.Request) -> httpx.Response:
        many = len(request.content.splitlines())
        if many > MOST_EVENTS:
            return httpx.Response(413)
        return httpx.Response(202, json={"results": [{"status": "accepted"}] * many})

    monkeypatch.setattr(loading, "inbox", inbox)
    made = Load("club", "key", lambda: ["http://door"], Brokers("nowhere:1"), seed=1)
    await made.close()
    made._http = httpx.AsyncClient(transport=httpx.MockTransport(accepted))
    yield made
    await made.close()


async def test_what_came_by_the_inbox_alone_is_owed_unless_it_is_a_dead_letter(load: Load) -> None:
    await load._send([event(MEETING, MET)], "inbox")
    assert load.owed(set()) == {MEETING}
    assert load.owed({MEETING}) == set()


async def test_what_http_accepted_is_owed_though_its_copy_by_the_inbox_died(load: Load) -> None:
    [*load.disorder.ordered(iter([[event(ANN, JOINED), event(MEETING, MET)]]))]
    await load._send([event(ANN, JOINED), event(MEETING, MET)], "inbox")
    await load.again(1, "inbox")  # each by the other door
    assert load.taken == load.put == {ANN, MEETING}
    assert load.owed({ANN, MEETING}) == {ANN, MEETING}
    assert load.acknowledged == 2


async def test_however_many_answers_go_with_a_chunk_no_request_is_too_large(load: Load) -> None:
    await load._send([event(("urn:club", f"{n}"), JOINED) for n in range(2_500)], "inbox")
    assert load.acknowledged == 2_500


async def test_twice_is_the_next_events_by_both_doors(load: Load) -> None:
    load.twice()
    await load._send([event(ANN, JOINED), event(MEETING, MET)], "inbox")
    assert load.taken == load.put == {ANN, MEETING}
    await load._send([event(("urn:club", "bob"), JOINED)], "inbox")
    assert load.put == {ANN, MEETING}
