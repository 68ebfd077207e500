"""Health checks of every service once a second, from a process of their own, as Kubernetes makes them.

In the process that makes the load they would measure the load. `python -m crosstie.chaos.probing
JSON` asks until its input ends, and prints what it found.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from time import monotonic

import httpx

EVERY_SECONDS = 1.0
PROBES: Mapping[str, float] = {"live": 5.0, "ready": 3.0}  # seconds to answer, as in deploy/base


@dataclass
class Health:
    """What all probes said."""

    asked: int = 0
    failed: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0

    async def ask(self, urls: Mapping[str, str]) -> None:
        """Until cancelled; base URLs by service."""
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.TaskGroup() as group:
            for service, url in urls.items():
                for probe, seconds in PROBES.items():
                    where = f"{url}/health/{probe}"
                    group.create_task(self._ask(http, f"{service} {probe}", where, seconds))

    async def _ask(self, http: httpx.AsyncClient, name: str, url: str, seconds: float) -> None:
        while True:
            begun = monotonic()
            try:
                answer = await http.get(url, timeout=seconds)
            except httpx.HTTPError as error:
                self.failed.append(f"{name}: {type(error).__name__}")
            else:
                if not answer.is_success:
                    self.failed.append(f"{name}: {answer.status_code} {answer.text}")
            self.asked += 1
            self.longest_seconds = max(self.longest_seconds, monotonic() - begun)
            await asyncio.sleep(EVERY_SECONDS)


@asynccontextmanager
async def probing(urls: Mapping[str, str]) -> AsyncIterator[Health]:
    """Probes go on within the block; what they found is there after it."""
    found = Health()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        json.dumps(dict(urls)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield found
    finally:
        out, _ = await child.communicate(b"")  # closes its input
    vars(found).update(json.loads(out))


async def _until_input_ends(urls: Mapping[str, str]) -> Health:
    found = Health()
    asking = asyncio.create_task(found.ask(urls))
    await asyncio.to_thread(sys.stdin.read)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_until_input_ends(json.loads(sys.argv[1]))))))
