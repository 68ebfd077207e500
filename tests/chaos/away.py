"""While a server is away: what is still sent, and that every service lives and is unready."""

from __future__ import annotations

import httpx

from crosstie import instants
from crosstie.runtime.supervisor import System
from crosstie.simulate.stream import cloud_event
from tests.chaos.flows import SCENARIO

AWAY_SECONDS = 60.0
TIME = instants.from_rfc3339("2026-01-05T09:00:00Z")


async def unready(system: System, http: httpx.AsyncClient, server: str) -> object:
    """True once every service says that `server` does not answer, and lives."""
    for url in system.urls.values():
        if (await http.get(f"{url}/health/live")).status_code != 200:
            return f"{url} is not alive"
        reasons = (await http.get(f"{url}/health/ready")).json()["reasons"]
        if server not in reasons:
            return f"{url}: {reasons}"
    return True


def described(person: str, n: int) -> dict[str, object]:
    said = {"member": {"authority": SCENARIO.authority, "id": person}, "role": f"role {n}"}
    return cloud_event(SCENARIO.source, f"{person}/{n}", TIME + n, "member.described", said)
