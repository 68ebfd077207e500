"""`crosstie up` as a person runs it: ready, restarted when a service dies, and nothing left behind."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import psycopg
import pytest
from rich.console import Console

from crosstie.brokers import Brokers
from crosstie.cli.shared import restarts_told
from crosstie.cli.up import summary
from crosstie.errors import Misconfigured
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.environment import vault_key
from crosstie.runtime.guarded import Guarded
from crosstie.runtime.stack import Stack
from crosstie.runtime.supervised import Liveness, Supervised
from crosstie.runtime.supervisor import SERVICES, System, whole_system
from crosstie.runtime.telemetry import logger

LIMIT_SECONDS = 120.0
VAULT_KEY = "Y3Jvc3N0aWUncyBzdXBlcnZpc29yIHRlc3RzIG9ubHk="


@pytest.fixture
def environment(stack: Stack, topic_prefix: str, database: str) -> dict[str, str]:
    """What makes `up` use the stack of the test run."""
    return {
        "CROSSTIE_KAFKA_BOOTSTRAP": stack.bootstrap,
        "CROSSTIE_DATABASE_URL": database,
        "CROSSTIE_TOPIC_PREFIX": topic_prefix,
        "CROSSTIE_VAULT_KEY": VAULT_KEY,
    }


def up(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "crosstie.cli", "up", "--json", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@contextmanager
def ready(
    environment: Mapping[str, str], *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The process, and the line it prints when ready; stopped afterwards."""
    with up(environment, *arguments) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(LIMIT_SECONDS)


async def until(holds: Callable[[], bool]) -> bool:
    """Ask again and again; True, or TimeoutError."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not holds():  # noqa: ASYNC110  another process raises no event
            await asyncio.sleep(0.1)
    return True


async def gone(pids: Mapping[str, int]) -> bool:
    """Once none of them runs; zombies of other parents do not count."""
    return await until(lambda: not any(runs(pid) for pid in pids.values()))


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


async def test_one_line_tells_everything_and_ctrl_c_leaves_nothing_running(
    environment: dict[str, str],
) -> None:
    with ready(environment) as (process, told):
        assert set(told["urls"]) == set(SERVICES)
        assert set(told["pids"]) == set(SERVICES)
        assert told["env"].items() >= environment.items()
        for url in told["urls"].values():
            assert answers(f"{url}/health/ready")
        topics = partitions_of(Brokers(environment["CROSSTIE_KAFKA_BOOTSTRAP"]))
        assert f"{environment['CROSSTIE_TOPIC_PREFIX']}events.v1" in topics
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_SECONDS) == 0
        assert await gone(told["pids"])


async def test_what_is_left_out_is_not_started(environment: dict[str, str]) -> None:
    with ready(environment, "--without", "matching", "--without", "profile") as (_, told):
        assert set(told["urls"]) == {"ingestion"}


@pytest.mark.parametrize(
    ("name", "given"), [("ingestion", True), ("profile", True), ("matching", False)]
)
def test_who_never_opens_the_vault_is_not_given_its_key(
    name: str, given: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSTIE_VAULT_KEY", VAULT_KEY)  # as whoever says `crosstie up` has it
    service = Supervised(name, {"CROSSTIE_VAULT_KEY": VAULT_KEY}, tmp_path, None)
    command = [sys.executable, "-c", "import os; print(*os.environ)"]
    seen = Guarded(replace(service.program, command=command))
    seen.start()
    assert seen._guard is not None
    assert seen._guard.wait(20) == 0
    assert ("CROSSTIE_VAULT_KEY" in (tmp_path / f"{name}.log").read_text().split()) is given


async def test_killing_up_itself_with_9_leaves_nothing_running(
    environment: dict[str, str],
) -> None:
    with ready(environment) as (process, told):
        process.kill()
        assert await gone(told["pids"])


async def test_a_service_that_dies_is_started_again_at_the_same_address(
    environment: dict[str, str],
) -> None:
    async with whole_system(("profile",), environment=environment) as system:
        before, url = system.pids()["profile"], system.urls["profile"]
        await system.kill("profile")
        assert await gone({"profile": before})
        await until(lambda: answers(f"{url}/health/live"))
        assert system.pids()["profile"] != before


async def test_a_mute_service_is_killed_and_started_again(environment: dict[str, str]) -> None:
    liveness = Liveness(every_seconds=0.2, mute_seconds=1.0)
    async with whole_system(("profile",), environment=environment, liveness=liveness) as system:
        before = system.pids()["profile"]
        await system.kill("profile", signal.SIGSTOP)
        assert await gone({"profile": before})
        url = system.urls["profile"]
        await until(lambda: answers(f"{url}/health/live"))


async def test_without_a_vault_key_a_lasting_database_is_refused(
    environment: dict[str, str],
) -> None:
    del environment["CROSSTIE_VAULT_KEY"]
    with pytest.raises(Misconfigured, match="CROSSTIE_VAULT_KEY"):
        async with whole_system((), environment=environment):
            pass


@pytest.mark.parametrize("given", [{}, {"CROSSTIE_VAULT_KEY": VAULT_KEY}])
def test_a_data_directory_keeps_thevault_key(given: dict[str, str], tmp_path: Path) -> None:
    components = Stack("somewhere:9092", "postgresql://elsewhere/x")
    first = vault_key(components, tmp_path, given)
    assert given.get("CROSSTIE_VAULT_KEY", first) == first
    assert vault_key(components, tmp_path, {}) == first
    assert (tmp_path / "vault.key").stat().st_mode & 0o077 == 0
    with pytest.raises(Misconfigured, match="unset CROSSTIE_VAULT_KEY"):
        vault_key(components, tmp_path, {"CROSSTIE_VAULT_KEY": f"{first}="})


async def test_a_data_directory_beside_a_stack_that_runs_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match="unset CROSSTIE_KAFKA_BOOTSTRAP"):
        async with whole_system((), data=tmp_path, environment=environment):
            pass


def test_waiting_for_a_directory_in_use_is_said_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("a") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        with up_alone(tmp_path, "--data", str(tmp_path)) as process:
            assert process.stderr is not None
            assert f"waiting for {tmp_path}" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
            assert process.stderr.read() == ""


@pytest.mark.kafka
@pytest.mark.postgres
def test_ctrl_c_while_kafka_is_being_formatted_leaves_nothing(tmp_path: Path) -> None:
    with up_alone(tmp_path) as process:
        started = time.monotonic()
        while not list(tmp_path.glob("crosstie-*/kafka/server.properties")):
            assert time.monotonic() - started < LIMIT_SECONDS
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        assert process.wait(LIMIT_SECONDS) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert list(tmp_path.iterdir()) == []


def test_the_summary_exports_the_addresses_under_the_names_of_the_books(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "http://127.0.0.1:20001"
    system = SimpleNamespace(urls={"ingestion": url}, logs="/logs", env={"CROSSTIE_CLOCK": "log"})
    summary(Console(stderr=True), cast(System, system))
    assert f"export INGESTION='{url}'" in capsys.readouterr().err


def test_the_summary_says_how_to_start_what_was_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = SimpleNamespace(urls={}, logs="/logs", env={})
    summary(Console(stderr=True), cast(System, system), {"matching"})
    assert "`python -m services.matching` starts it" in capsys.readouterr().err


def test_a_restart_is_told_with_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    with restarts_told(Console(stderr=True)):
        logger("supervisor").warning("service ended, starts again", service="profile")
    assert capsys.readouterr().err == "profile: service ended, starts again\n"


def up_alone(temporary: Path, *arguments: str) -> subprocess.Popen[str]:
    """`crosstie up` with a stack of its own, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "crosstie.cli", "up", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary)},
    )


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.postgres
async def test_kafka_and_postgresql_of_its_own_are_started_again_when_they_crash() -> None:
    async with whole_system(("profile",), environment={}) as system:
        before = system.pids()
        await system.kill("kafka")
        await system.kill("postgres")
        await until(lambda: other_than(system.pids(), before))
        await until(lambda: connects(system.env["CROSSTIE_DATABASE_URL"]))
        with psycopg.connect(system.env["CROSSTIE_DATABASE_URL"]) as connection:
            assert connection.execute("SELECT count(*) FROM profile.partitions").fetchone()
        await system.ready()


def other_than(now: Mapping[str, int], before: Mapping[str, int]) -> bool:
    return all(now.get(name, before[name]) != before[name] for name in ("kafka", "postgres"))


def connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
