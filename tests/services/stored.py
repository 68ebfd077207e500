"""Profile's store in PostgreSQL, and how a test folds into any store and looks into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from crosstie import sealing
from services.profile import batch
from services.profile.ports import Hold, Image, Store
from services.profile.store import PostgresStore
from tests.profile_log import ALMA, Logged, Writer, in_order

TOPIC_ID = "an-id"
VAULT_KEY = b"0" * 32


class Stored:
    """The store on a database of the test, which knows ALMA."""

    @pytest.fixture
    async def pool(self, database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
        settings = {"role": "crosstie_profile"}
        async with asyncpg.create_pool(database, min_size=1, server_settings=settings) as pool:
            yield pool

    @pytest.fixture
    def store(self, pool: asyncpg.Pool[Any]) -> PostgresStore:
        return PostgresStore(pool, "events.v1", VAULT_KEY)

    @pytest.fixture
    async def write(self, database: str) -> Writer:
        write = Writer()
        wrapped = sealing.wrap(write.person(ALMA), VAULT_KEY)
        vault = await asyncpg.connect(database)
        await vault.execute(
            "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
            " VALUES ($1, 'nhs', 'alma', $2)",
            ALMA,
            wrapped,
        )
        await vault.close()
        return write


async def fold(store: Store, hold: Hold, *records: Logged, start: int = 0) -> batch.Outcome:
    reading = batch.read(hold.partition, in_order(*records, start=start), {})
    outcome = batch.fold(reading, await store.known(reading, hold.latest))
    await store.commit(hold, outcome)
    return outcome


async def look_up(store: Store, hold: Hold, *records: Logged) -> batch.Known:
    return await store.known(batch.read(hold.partition, in_order(*records), {}), 0)


async def unpublished_keys(store: Store, hold: Hold) -> list[str]:
    image = await store.unpublished(hold)
    return [] if image is None else [key.decode() for key in await whole(image)]


async def whole(image: Image) -> dict[bytes, bytes | None]:
    return {key: value async for page in image.pages() for key, value in page}
