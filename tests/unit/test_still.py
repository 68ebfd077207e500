"""Who waits until a process stands still looks at each of its threads, and does not wait for ever."""

from __future__ import annotations

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.still import standing_still, until_stopped

THREADS = """
import threading
for _ in range(3):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
while True:
    pass
"""


def thread(folder: Path, id: int, state: str) -> None:
    (folder / str(id)).mkdir()
    (folder / str(id) / "stat").write_text(f"{id} (a) R b) {state} 1 2 3\n")


def states(pid: int) -> list[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [(each / "stat").read_text().rpartition(")")[2].split()[0] for each in threads]


@pytest.mark.parametrize("state", "TtZXx")
async def test_a_thread_that_is_stopped_traced_or_over_stands_still(
    tmp_path: Path, state: str
) -> None:
    thread(tmp_path, 1, "T")
    thread(tmp_path, 2, state)
    await until_stopped(tmp_path)


async def test_a_thread_that_ends_between_listing_and_reading_stands_still(tmp_path: Path) -> None:
    thread(tmp_path, 1, "T")
    (tmp_path / "2").mkdir()
    await until_stopped(tmp_path)


async def test_threads_that_go_on_are_named_once_the_time_is_over(tmp_path: Path) -> None:
    for id, state in enumerate("TRD"):
        thread(tmp_path, id, state)
    with pytest.raises(TimeoutError, match="not all stopped within") as over:
        await until_stopped(tmp_path, 0.01)
    assert "1 in state R" in str(over.value)
    assert "2 in state D" in str(over.value)
    assert "0 in state" not in str(over.value)


async def test_all_threads_of_a_process_are_stopped_within_the_block() -> None:
    process = await create_subprocess_exec(sys.executable, "-c", THREADS, stdout=PIPE)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        async with standing_still(process.pid):
            assert states(process.pid) == ["T"] * 4
    finally:
        process.kill()
        await process.wait()
