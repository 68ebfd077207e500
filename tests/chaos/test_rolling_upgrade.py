"""Workers of the schema before and of this one side by side: the old ones read and write on.

The old ones are the code of PREVIOUS, out of this repository's own history. Whoever adds a migration
names the last commit before it there. A copy without history has nothing to compare with: then, and
only then, this is skipped, so it stands on a stack of its own.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import tarfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crosstie.runtime.supervised import Supervised, all_ready
from crosstie.runtime.supervisor import READY_SECONDS, SERVICES, System, whole_system
from tests.chaos.flows import flow
from tests.e2e.conftest import SYSTEM
from tests.e2e.waiting import caught_up

ROOT = Path(__file__).parents[2]
# the last with profile_0003
PREVIOUS = "e864e49"


def git(*arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, check=True
    ).stdout


def known() -> bool:
    """Whether the history goes back that far."""
    try:
        git("cat-file", "-e", f"{PREVIOUS}^{{commit}}")
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    return True


pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not known(), reason=f"no history here that goes back to {PREVIOUS}"),
]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code that knows the schema before this one."""
    there = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(git("archive", PREVIOUS, "libs", "services"))) as tar:
        tar.extractall(there, filter="data")
    return there


@asynccontextmanager
async def old_workers(system: System, before: Path) -> AsyncIterator[Mapping[str, Supervised]]:
    """One of each service, of the code before, ready beside those of today."""
    theirs = {
        **system.env,
        "PYTHONSAFEPATH": "1",  # not what stands where we are
        "PYTHONPATH": f"{before}:{before / 'libs' / 'common'}",
        "NUMBA_DISABLE_JIT": "1",  # compiling takes longer than fifty people do without
    }
    logs = system.logs / "before"
    logs.mkdir(exist_ok=True)
    workers = {name: Supervised(name, theirs, logs, None) for name in SERVICES}
    keepers = [asyncio.create_task(each.keep()) for each in workers.values()]
    try:
        await all_ready(workers, READY_SECONDS)
        yield workers
    finally:
        for each in keepers:
            each.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(each.stop() for each in workers.values()))


async def test_workers_of_two_schemas_share_the_work_and_hand_it_over(before: Path) -> None:
    async with (
        whole_system(environment=SYSTEM, liveness=None) as system,
        flow(system) as locality,
    ):
        await locality.send(0.2)
        await locality.more_rounds_than(0)
        async with old_workers(system, before) as old:
            await locality.inboxes_read_by(2)
            await locality.send(0.2, by_inbox=True)
            await locality.send(0.1)
            await caught_up(system.settings)
            rounds = await locality.rounds()
            await system.services[
                "matching"
            ].stop()  # it starts again, and finds the old one leading
            await locality.send(0.2)
            await locality.more_rounds_than(rounds)
            assert all(each.starts == 1 for each in old.values())
        await system.ready()
        rounds = await locality.rounds()
        await locality.send(0.3, by_inbox=True)
        await locality.more_rounds_than(rounds)
        await locality.ends_clean()
