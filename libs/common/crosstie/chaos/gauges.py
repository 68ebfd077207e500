"""What shows from outside of services under load: their memory, and how far behind they are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from crosstie.chaos.audit import standing
from crosstie.errors import Transient
from crosstie.settings import Settings

EVERY_SECONDS = 1.0
_KIB = 1024


@dataclass
class Memory:
    """The most that each process, and what it started, had resident at once, in bytes."""

    pids: Callable[[], Mapping[str, int]]
    peak: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Once."""
        listing = await asyncio.create_subprocess_exec(
            "ps", "-A", "-o", "pid=,ppid=,rss=", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await listing.communicate()
        for name, size in resident(out.decode(), self.pids()).items():
            self.peak[name] = max(size, self.peak.get(name, 0))


def resident(listing: str, pids: Mapping[str, int]) -> dict[str, int]:
    """Bytes by name: each of `pids` with all that descend from it; lines are pid, parent, KiB."""
    rows = [[int(each) for each in line.split()] for line in listing.splitlines() if line.strip()]
    sizes = {pid: size * _KIB for pid, _, size in rows}
    children: dict[int, list[int]] = defaultdict(list)
    for pid, parent, _ in rows:
        children[parent].append(pid)

    def whole(pid: int) -> int:
        return sizes.get(pid, 0) + sum(whole(each) for each in children[pid])

    return {name: whole(pid) for name, pid in pids.items() if pid in sizes}


@dataclass
class Lag:
    """How many records wait, of inboxes and log together; and the same over time."""

    settings: Settings
    most: int = 0
    course: list[tuple[float, int]] = field(
        default_factory=list
    )  # seconds since the begin, records
    _begun: float = field(default_factory=monotonic)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                behind = (await standing(self.settings)).behind
            except Transient:
                behind = {}
            if behind:
                now = behind["inboxes"] + behind["fold"]
                self.most = max(self.most, now)
                self.course.append((round(monotonic() - self._begun, 1), now))
            await asyncio.sleep(EVERY_SECONDS)
