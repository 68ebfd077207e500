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
# seconds to answer, and how many failures in a row count, as in deploy/base
PROBES: Mapping[str, tuple[float, int]] = {"live": (5.0, 6), "ready": (3.0, 2)}


@dataclass
class Health:
    """What all probes said."""

    asked: int = 0
    late: int = 0  # not answered well in time, once: of the machine, if nothing follows
    failed: list[str] = field(default_factory=list)  # so often in a row that Kubernetes would act
    longest_seconds: float = 0.0

    async def ask(self, urls: Mapping[str, str]) -> None:
        """Until cancelled; base URLs by service."""
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.TaskGroup() as group:
            for service, url in urls.items():
                for probe in PROBES:
                    group.create_task(self._ask(http, service, url, probe))

    async def _ask(self, http: httpx.AsyncClient, service: str, url: str, probe: str) -> None:
        seconds, most = PROBES[probe]
        in_a_row = 0
        while True:
            begun = monotonic()
            wrong = await _wrong(http, f"{url}/health/{probe}", seconds)
            self.asked += 1
            self.longest_seconds = max(self.longest_seconds, monotonic() - begun)
            in_a_row = 0 if wrong is None else in_a_row + 1
            self.late += wrong is not None
            if in_a_row == most:
                self.failed.append(f"{service} {probe}: {wrong}")
            await asyncio.sleep(EVERY_SECONDS)


async def _wrong(http: httpx.AsyncClient, url: str, seconds: float) -> str | None:
    """Why a probe did not succeed."""
    try:
        answer = await http.get(url, timeout=seconds)
    except httpx.HTTPError as error:
        return type(error).__name__
    return None if answer.is_success else f"{answer.status_code} {answer.text}"


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
