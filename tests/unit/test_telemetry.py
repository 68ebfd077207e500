"""A log line tells no word that an error of another's may quote, whoever lets the error go."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from crosstie.matching import policy as policies
from crosstie.matching.base import Material
from crosstie.runtime.service import Running
from crosstie.settings import Settings
from services.matching.apart import FitFailed, Task, fitted_apart
from services.matching.bases import Bases
from services.matching.store import Head
from tests.logged import fields

OPENING = """
import asyncio, threading
from crosstie.runtime import telemetry

telemetry.configure("INFO")
words = {}

def look_up(word: str) -> None:
    words[word]

async def never_awaited() -> None:
    task = asyncio.ensure_future(asyncio.to_thread(look_up, "canary"))
    await asyncio.wait((task,))

async def called_back() -> None:
    asyncio.get_running_loop().call_soon(look_up, "canary")
    await asyncio.sleep(0)

class Dropped:
    def __del__(self) -> None:
        look_up("canary")
"""


@pytest.mark.parametrize(
    ("ending", "event"),
    [
        ("look_up('canary')", "uncaught"),
        ("threading.Thread(target=look_up, args=('canary',)).start()", "uncaught"),
        ("Dropped()", "uncaught"),
        ("asyncio.run(never_awaited())", "Task exception was never retrieved"),
        ("asyncio.run(called_back())", "Exception in callback look_up"),
    ],
    ids=["of the process", "of a thread", "of a finaliser", "of a task", "of a callback"],
)
def test_what_nobody_caught_is_a_line_of_the_log_without_its_words(ending: str, event: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPENING + ending], capture_output=True, text=True, check=False
    )
    lines = [json.loads(each) for each in done.stderr.splitlines()]
    assert [each["event"] for each in lines] == [event]
    assert lines[0]["error"].endswith("builtins.KeyError: (message withheld)")
    assert "canary" not in done.stderr + done.stdout


def test_of_what_a_thread_did_not_catch_its_name_is_told() -> None:
    fails = f"{OPENING}\nthreading.Thread(target=look_up, args=('x',), name='reader').start()"
    done = subprocess.run([sys.executable, "-c", fails], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr)["thread"] == "reader"


def test_a_thread_that_ends_itself_is_no_error() -> None:
    ends = "threading.Thread(target=sys.exit).start()"
    run = [sys.executable, "-c", f"{OPENING}\nimport sys\n{ends}"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stderr == ""


async def test_a_fit_that_fails_tells_nothing_of_what_it_was_fitted_to(
    capfd: pytest.CaptureFixture[str],
) -> None:
    broken = Task(Material(0, {}), policies.DEFAULT, 0, before=b'{"model": "canary"}')
    with pytest.raises(FitFailed, match="exited with 1"):
        await fitted_apart(broken)
    (line,) = capfd.readouterr().err.splitlines()
    assert json.loads(line)["error"].endswith("msgspec.ValidationError: (message withheld)")
    assert "canary" not in line


async def test_why_there_is_no_new_base_is_told_without_words(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: Bases, __: Head) -> None:
        raise KeyError("canary")

    monkeypatch.setattr(Bases, "_fit", fails)
    where = {"kafka_bootstrap": "localhost:1", "database_url": "postgresql://localhost/x"}
    nothing: Any = None
    settings = Settings.model_validate(where | {"base_delay_seconds": 0})
    bases = Bases(settings, nothing, nothing, nothing, Running())
    bases.after_full_round(Head(1, 0, "", 1))
    fitting = asyncio.create_task(bases.keep_fitting())
    async with asyncio.timeout(60):
        while not caplog.records:  # noqa: ASYNC110  the state is a log's
            await asyncio.sleep(0.01)
    fitting.cancel()
    (line,) = caplog.records
    assert line.getMessage() == "no new base"
    assert fields(line)["reason"] == "builtins.KeyError: (message withheld)"
