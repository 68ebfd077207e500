"""A service under supervision: where its log cannot be written, somebody hears of it."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosstie.runtime.guarded import NEVER, Guarded, Program, StackFailed
from crosstie.runtime.supervised import Supervised, all_ready
from tests.logged import fields


@pytest.fixture
def told() -> Iterator[asyncio.Queue[logging.LogRecord]]:
    """What the supervisor says."""
    said: asyncio.Queue[logging.LogRecord] = asyncio.Queue()
    handler = logging.handlers.QueueHandler(said)
    logger = logging.getLogger("crosstie.supervisor")
    logger.addHandler(handler)
    yield said
    logger.removeHandler(handler)


async def test_a_service_that_cannot_log_is_tried_again_and_the_reason_is_told(
    tmp_path: Path, told: asyncio.Queue[logging.LogRecord]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("no folder")
    service = Supervised("profile", {}, taken, None)
    keeping = asyncio.create_task(service.keep())
    said = [await told.get() for _ in range(2)]
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert {each.getMessage() for each in said} == {"service did not start, tried again"}
    assert all(str(taken) in fields(each)["reason"] for each in said)
    assert service.starts == 0


async def test_what_is_not_ready_in_time_is_told_with_its_reason(tmp_path: Path) -> None:
    service = Supervised("matching", {}, tmp_path, None)
    silent = Supervised("profile", {}, tmp_path, None)
    port = int(service.url.rsplit(":", 1)[1])

    async def compiling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"ready":false,"reasons":{"start":"compiling"}}'
        head = f"HTTP/1.1 503 x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    told: list[str] = []
    async with await asyncio.start_server(compiling, "127.0.0.1", port):
        with pytest.raises(
            StackFailed, match=r"within 0 s: matching \(start: compiling\), profile"
        ):
            await all_ready({"matching": service, "profile": silent}, 0.0, told.append)
    assert told == ["waiting for matching (start: compiling), profile"]


def test_a_log_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    log = tmp_path / "none" / "such" / "program.log"
    program = Guarded(Program("echo", [sys.executable, "-c", "print('here')"], log))
    program.start()
    try:
        program.wait(lambda: log.exists() and "here" in log.read_text(), 60, NEVER)
    finally:
        program.stop()
