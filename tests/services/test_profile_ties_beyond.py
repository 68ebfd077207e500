"""Of whom somebody knows, the ties that a map looks at: as many of each, each once, in order."""

from __future__ import annotations

import asyncpg

from services.profile import sql

HUB, QUIET = "H" * 16, "Q" * 16
ADD = "INSERT INTO profile.ties (a, b, partition, version, state) VALUES ($1, $2, 0, 1, '{}')"


async def test_a_hub_takes_no_room_from_others(database: str) -> None:
    others = [f"{letter}{n:015d}" for letter in "AZ" for n in range(5)]  # before both, and after
    ties = [(min(HUB, each), max(HUB, each)) for each in others]
    ties += [(HUB, QUIET), (QUIET, others[-1])]
    connection = await asyncpg.connect(database)
    try:
        await connection.executemany(ADD, ties)
        rows = await connection.fetch(sql.TIES_BEYOND, [QUIET, HUB], 4)
        found = [(row["a"], row["b"]) for row in rows]
    finally:
        await connection.close()
    of_hub = [pair for pair in found if HUB in pair and QUIET not in pair]
    assert found == sorted({*of_hub, (HUB, QUIET), (QUIET, others[-1])})
    assert 3 <= len(of_hub) <= 4, "four of eleven, of which one is that with the other"
