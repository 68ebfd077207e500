"""`crosstie platforms change`: what a platform may send is another from then on, or nothing is."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import asyncpg
import pytest

from crosstie.errors import Rejected
from crosstie.replay import tables
from tests.services.commands import Run
from tests.services.ingestion_world import SOURCE, World, client, eventually, ingestion, joined

HOUR_MS = 3_600_000
CHANGE = ("platforms", "change", "members")


async def _listed(crosstie: Run) -> Any:
    return json.loads((await crosstie("platforms", "list", "--json")).stdout)


async def _dated(world: World) -> list[tuple[str, str, bool]]:
    """What `crosstie check` reads of it."""
    found = (await tables.snapshot(world.connection, world.settings)).changes
    assert all(abs(each.at - time.time() * 1000) < HOUR_MS for each in found)
    return [(each.platform, each.authority, each.added) for each in found]


async def test_a_letter_refused_for_its_source_is_accepted_once_the_platform_has_that_source(
    world: World, crosstie: Run
) -> None:
    inbox = world.settings.topics.inbox("members").name
    wrong = json.dumps(joined("ada", source="urn:later")).encode()

    async def accepted() -> bool:
        assert (await crosstie("dlq", "replay", "--all")).exit_code == 0
        return bool(await world.events())

    async with ingestion(world.settings), world.producer() as producer:
        await producer.send_and_wait(inbox, wrong, b"k")
        (letter,) = await eventually(world.letters)
        assert letter.reason.pointer == "/source"
        changed = await crosstie(*CHANGE, "--add-source", "urn:later")
        assert changed.exit_code == 0, changed.output
        # a service that runs takes it for what it was for some seconds
        await eventually(accepted)


async def test_sources_and_authorities_are_added_and_dropped_and_what_it_is_then_is_told(
    world: World, crosstie: Run
) -> None:
    arguments = ("--add-source", "urn:a", "--add-source", "urn:b", "--drop-source", SOURCE)
    more = ("--add-authority", "staff", "--add-authority", "board", "--drop-authority", "members")
    told = json.loads((await crosstie(*CHANGE, *arguments, *more, "--json")).stdout)
    assert told == {
        "name": "members",
        "sources": ["urn:a", "urn:b"],
        "authorities": ["board", "staff"],
        "keys": [world.key.split("_")[1]],
    }
    assert await _listed(crosstie) == [told]
    assert await _dated(world) == [
        ("members", "board", True), ("members", "members", False), ("members", "staff", True),
    ]  # fmt: skip
    sent = joined("ada", source="urn:b")
    sent["data"]["member"]["authority"] = "staff"
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        assert (await http.post("/v1/events", json=sent)).status_code == 202
        assert (await http.post("/v1/events", json=joined("bob"))).status_code == 403
    again = await crosstie(*CHANGE, "--add-source", "urn:a")
    assert again.stdout.splitlines() == [
        "members",
        "  sources      urn:a, urn:b",
        "  authorities  board, staff",
        f"  keys         {world.key.split('_')[1]}",
    ]
    assert len(await _dated(world)) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), '/ is "no change", must be what to add or to drop'),
        (("--add-source", "a b"), '/sources is "a b", must be 1 to 256 printable'),
        (("--add-authority", "Y"), '/authorities is "Y", must be 1 to 40 of'),
        (("--add-source", "urn:theirs"), "must be a source that nobody uses: it is of learning"),
        (("--drop-source", "urn:theirs"), f"must be one that it has: {SOURCE}; drop another"),
        (("--drop-authority", "staff"), "must be one that it has: members; drop another"),
        (("--drop-source", SOURCE), "must be at least one source that is left; add another"),
        (("--drop-authority", "members"), "must be at least one authority that is left; add"),
        (("--add-source", SOURCE, "--drop-source", SOURCE), "must be either added or dropped"),
    ],
)
async def test_a_change_that_cannot_be_is_said_and_nothing_of_it_is_done(
    world: World, crosstie: Run, arguments: tuple[str, ...], said: str
) -> None:
    await world.platform("learning", source="urn:theirs", authority="learners")
    before = await _listed(crosstie)
    right = (
        ("--add-authority", "board") if "source" in str(arguments) else ("--add-source", "urn:x")
    )
    also = right if arguments else ()
    found = await crosstie(*CHANGE, *also, *arguments)
    assert isinstance(found.exception, Rejected)
    assert said in str(found.exception)
    assert await _listed(crosstie) == before
    assert await _dated(world) == []


async def test_a_platform_that_is_not_there_is_not_changed(crosstie: Run) -> None:
    found = await crosstie("platforms", "change", "nobody", "--add-source", "urn:x")
    limit = "must be a platform; see `crosstie platforms list`"
    assert f'/name is "nobody", {limit}' in str(found.exception)


async def test_a_key_loses_the_dropped_source_it_was_for_and_that_is_told(
    world: World, crosstie: Run
) -> None:
    await crosstie(*CHANGE, "--add-source", "urn:night")
    narrow = ("platforms", "keys", "add", "members", "--source", "urn:night", "--json")
    key = json.loads((await crosstie(*narrow)).stdout)["key"]
    told = await crosstie(*CHANGE, "--drop-source", "urn:night")
    assert f"note: key {key.split('_')[1]} may send for no source from now on" in told.stderr
    assert told.stderr.count("note: ") == 1
    async with ingestion(world.settings) as (service, _):
        for each, source, status in ((key, "urn:night", 403), (world.key, SOURCE, 202)):
            async with client(service, each) as http:
                sent = joined("ada", source=source)
                assert (await http.post("/v1/events", json=sent)).status_code == status


async def test_whoever_shares_an_authority_that_is_added_is_named(
    world: World, crosstie: Run
) -> None:
    await world.platform("learning", source="urn:theirs", authority="learners")
    assert "note: " not in (await crosstie(*CHANGE, "--add-authority", "board")).stderr
    told = await crosstie(*CHANGE, "--add-authority", "learners")
    assert "note: learning writes for an authority of members too" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (*CHANGE, "--add-source", "urn:wanted"),
        ("platforms", "add", "new", "--source", "urn:wanted", "--authority", "new"),
    ],
)
async def test_of_two_who_want_a_source_at_once_one_gets_it(
    world: World, crosstie: Run, database: str, arguments: tuple[str, ...]
) -> None:
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute(
                "INSERT INTO registry.platforms (name, sources, authorities)"
                " VALUES ('first', '{urn:wanted}', '{x}')"
            )
            second = asyncio.create_task(crosstie(*arguments))
            await eventually(lambda: second.done() or _waits(world))
            assert not second.done()
    finally:
        await other.close()
    found = await second
    assert "must be a source that nobody uses: it is of first" in str(found.exception)


async def _waits(world: World) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::regclass"
    return bool(await world.connection.fetchval(waiting, "registry.platforms"))
