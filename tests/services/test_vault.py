"""The vault and erasures, on real PostgreSQL under the role that ingestion has."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from crosstie.erasures import Erasure, Erasures
from crosstie.errors import DatabaseAway, Misconfigured
from crosstie.events import Person
from crosstie.replay.forgetting import forget
from crosstie.runtime.admin import create_topics
from crosstie.runtime.database import soon
from crosstie.runtime.stack import Stack
from crosstie.settings import Settings
from crosstie.vault import Vault
from tests.services.ingestion_world import VAULT_KEY, eventually, proxy

ADA = Person(authority="members", id="ada")
BOB = Person(authority="members", id="bob")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    role = {"role": "crosstie_ingestion"}
    async with asyncpg.create_pool(database, min_size=1, server_settings=role) as pool:
        yield pool


@pytest.fixture
def vault(pool: asyncpg.Pool[Any]) -> Vault:
    return Vault(pool, VAULT_KEY)


@pytest.fixture
def erasures(pool: asyncpg.Pool[Any]) -> Erasures:
    return Erasures(pool, VAULT_KEY)


def erased(person: Person, time: int, id: str = "x") -> Erasure:
    return Erasure(person, time, "https://s", id)


async def test_a_person_keeps_one_subject_and_key_whoever_asks(
    vault: Vault, pool: asyncpg.Pool[Any]
) -> None:
    first = await vault.subjects({ADA: 1, BOB: 1})
    assert first[ADA].id != first[BOB].id
    assert await vault.subjects({ADA: 5}) == {ADA: first[ADA]}
    assert await Vault(pool, VAULT_KEY).subjects({ADA: 1, BOB: 9}) == first


async def test_many_who_ask_for_new_people_at_once_agree(pool: asyncpg.Pool[Any]) -> None:
    people = {Person(authority="members", id=f"p{n}"): 1 for n in range(200)}
    answers = await asyncio.gather(*(Vault(pool, VAULT_KEY).subjects(people) for _ in range(8)))
    assert all(each == answers[0] for each in answers)
    assert len({subject.id for subject in answers[0].values()}) == 200


async def test_the_known_go_on_while_postgresql_is_away(vault: Vault, pool: Any) -> None:
    known = await vault.subjects({ADA: 1})
    await pool.close()
    assert await vault.subjects({ADA: 2}) == known
    with pytest.raises(DatabaseAway):
        await vault.subjects({ADA: 1, BOB: 1})


async def test_what_is_remembered_is_asked_again_after_a_minute_and_ends_after_three(
    vault: Vault, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await vault.subjects({ADA: 1})
    monkeypatch.setattr("crosstie.vault.CACHED_SECONDS", -1.0)
    await pool.close()
    assert await vault.subjects({ADA: 2}) == known
    with pytest.raises(DatabaseAway):
        await vault.subjects({ADA: 1, BOB: 1})
    monkeypatch.setattr("crosstie.vault.AWAY_SECONDS", -1.0)
    with pytest.raises(DatabaseAway):
        await vault.subjects({ADA: 1})


async def test_what_is_remembered_is_bounded(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosstie.vault.MOST_CACHED", 10)
    await vault.subjects({Person(authority="members", id=f"p{n}"): 1 for n in range(50)})
    assert len(vault._known) == len(vault._people) == 10


async def test_another_vault_key_is_a_misconfiguration(vault: Vault, pool: Any) -> None:
    other = Vault(pool, bytes(32))
    await other.probe()
    await vault.subjects({ADA: 1})
    await vault.probe()
    with pytest.raises(Misconfigured):
        await other.probe()


async def test_after_an_erasure_only_newer_news_makes_a_new_subject(
    vault: Vault, erasures: Erasures
) -> None:
    before = (await vault.subjects({ADA: 10}))[ADA]
    (unlogged,) = await erasures.retire([erased(ADA, 20)])
    vault.forget(ADA)
    assert (unlogged.subject, unlogged.time) == (before.id, 20)
    assert await vault.subjects({ADA: 20, BOB: 1}) == await vault.subjects({BOB: 1})
    after = (await vault.subjects({ADA: 21}))[ADA]
    assert after.id != before.id
    assert after.erased == 20


async def test_an_erasure_is_listed_until_it_is_logged_whatever_comes_between(
    vault: Vault, erasures: Erasures
) -> None:
    subject = (await vault.subjects({ADA: 10}))[ADA].id
    first = await erasures.retire([erased(ADA, 20)])
    vault.forget(ADA)
    rejoined = (await vault.subjects({ADA: 30}))[ADA]
    assert await erasures.retire([erased(ADA, 20)]) == first
    assert await erasures.unlogged(older_than_seconds=-1) == first
    await erasures.logged(first)
    assert await erasures.retire([erased(ADA, 20)]) == []
    assert await erasures.unlogged(older_than_seconds=-1) == []
    vault.forget(ADA)
    assert (await vault.subjects({ADA: 30}))[ADA] == rejoined
    assert first[0].subject == subject


async def test_erasing_a_stranger_says_nothing_and_refuses_what_is_older(
    vault: Vault, erasures: Erasures
) -> None:
    assert await erasures.retire([erased(ADA, 20), erased(ADA, 20), erased(BOB, 5)]) == []
    assert await vault.subjects({ADA: 19, BOB: 5}) == {}
    assert (await vault.subjects({BOB: 6})).keys() == {BOB}


async def test_two_erasures_of_one_person_at_once_name_the_same_subject(
    vault: Vault, erasures: Erasures
) -> None:
    subject = (await vault.subjects({ADA: 1}))[ADA].id
    found = await erasures.retire([erased(ADA, 20, "x"), erased(ADA, 21, "y")])
    assert {(each.subject, each.id) for each in found} == {(subject, "x"), (subject, "y")}


async def test_what_stays_of_an_erasure_names_nobody(
    vault: Vault, erasures: Erasures, database: str
) -> None:
    await vault.subjects({ADA: 1})
    await erasures.logged(await erasures.retire([erased(ADA, 20, "ada@example.org")]))
    connection = await asyncpg.connect(database)
    (row,) = await connection.fetch("SELECT * FROM vault.erasures")
    await connection.close()
    assert (row["subject"], row["source"], row["id"]) == (None, None, None)
    assert b"ada" not in row["person"]


async def test_other_replicas_hear_of_a_retirement_at_once(
    vault: Vault, erasures: Erasures, pool: asyncpg.Pool[Any]
) -> None:
    other = Vault(pool, VAULT_KEY)
    listening = asyncio.create_task(other.listen())
    try:
        await eventually(lambda: other._retirements)
        await other.subjects({ADA: 1, BOB: 1})
        await erasures.retire([erased(ADA, 20)])
        await eventually(lambda: ADA not in other._known)
        assert BOB in other._known
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_listener_whose_line_is_dead_but_up_connects_anew(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.vault._HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr("crosstie.vault._ANSWER_SECONDS", 0.5)
    async with proxy(database) as through, asyncpg.create_pool(through.url, min_size=1) as pool:
        vault = Vault(pool, VAULT_KEY)
        listening = asyncio.create_task(vault.listen())
        try:
            await eventually(lambda: vault._retirements == 1)
            through.hush()
            await eventually(lambda: vault._retirements == 2)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_a_server_that_is_silent_on_an_open_line_is_away_soon(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.runtime.database.SOON_SECONDS", 0.3)
    async with proxy(database) as through, asyncpg.create_pool(through.url, min_size=1) as pool:
        through.hush()
        async with asyncio.timeout(10):
            with pytest.raises(DatabaseAway):
                async with soon(pool) as connection:
                    await connection.fetchval("SELECT 1")
        monkeypatch.undo()
        async with soon(pool) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_connection_that_only_reads_is_thrown_away(pool: asyncpg.Pool[Any]) -> None:
    async def written() -> None:
        async with soon(pool) as connection:
            await connection.execute("SET default_transaction_read_only = on")
            await connection.execute("DELETE FROM vault.erasures")

    with pytest.raises(DatabaseAway):
        await written()
    async with soon(pool) as connection:
        assert await connection.fetchval("SHOW transaction_read_only") == "off"


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("ingestion", "DELETE FROM vault.subjects"),
        ("ingestion", "UPDATE vault.subjects SET authority = 'x'"),
        ("ingestion", "INSERT INTO registry.platforms VALUES ('x', '{x}', '{x}')"),
        ("profile", "INSERT INTO vault.subjects VALUES ('A', 'b', 'c', 'd')"),
        ("profile", "UPDATE vault.subjects SET retired_at = now()"),
        ("profile", "SELECT * FROM vault.erasures"),
        ("matching", "SELECT wrapped_key FROM vault.subjects"),
        ("matching", "DELETE FROM vault.subjects"),
        ("matching", "SELECT * FROM vault.erasures"),
    ],
)
async def test_a_role_cannot_do_what_is_not_its_own(
    database: str, role: str, statement: str
) -> None:
    connection = await asyncpg.connect(database, server_settings={"role": f"crosstie_{role}"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_crosstie_forget_by_another_vault_key_does_nothing(
    vault: Vault, pool: asyncpg.Pool[Any], stack: Stack, topic_prefix: str, database: str
) -> None:
    await vault.subjects({ADA: 1})
    settings = Settings(
        kafka_bootstrap=stack.bootstrap,
        database_url=SecretStr(database),
        topic_prefix=topic_prefix,
        vault_key=SecretStr(base64.b64encode(bytes(32)).decode()),
    )
    create_topics(settings.brokers, settings.topics.shared())
    with pytest.raises(Misconfigured, match="CROSSTIE_VAULT_KEY is not the key"):
        await forget(settings, ADA)
    assert await pool.fetchval("SELECT count(*) FROM vault.erasures") == 0
    assert await vault.subjects({ADA: 2})
