"""Faults wait for their share of the events, and the load is told how far they are over."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crosstie.chaos import director as directing
from crosstie.chaos.director import Director
from crosstie.chaos.faults import Fault
from crosstie.chaos.volumes import Volume


class Load:
    """A share of events that the test moves, and what happened at the input."""

    def __init__(self) -> None:
        self.share = 0.0
        self.happened: list[int] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def at_the_input(self, fault: Fault) -> None:
        self.happened.append(fault.number)
        await self.hold.wait()


class Fleet:
    """Workers that take their leave slowly, and come back."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.hold = asyncio.Event()

    async def remove(self, name: str) -> None:
        self.removed.append(name)
        await self.hold.wait()

    def add(self, name: str) -> None:
        assert name in self.removed


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.setattr(directing, "POLL_SECONDS", 0.001)
    return Load()


def directed(load: Load, **stage: Any) -> Director:
    on: Any = SimpleNamespace(**stage)
    return Director(on, lambda: load.share, load.at_the_input)


def poison(number: int, at: float) -> Fault:
    return Fault(number, "input", "poison", "inbox", at)


async def until(holds: Any) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0.001)


async def test_a_fault_waits_for_its_share_and_one_lane_takes_one_at_a_time(load: Load) -> None:
    director = directed(load)
    running = asyncio.create_task(director.run([poison(0, 0.2), poison(1, 0.4), poison(2, 0.9)]))
    await until(lambda: director.reached == 0.2)
    load.hold.clear()
    load.share = 0.5
    await until(lambda: load.happened == [0])
    assert (director.active, director.reached) == (1, 0.2)
    load.hold.set()
    await until(lambda: load.happened == [0, 1] and director.active == 0)
    assert director.reached == 0.9
    load.share = 1.0
    await running
    assert [each.number for each in director.done] == [0, 1, 2]
    assert director.reached == 1.0


async def test_workers_of_two_services_are_hit_at_once_and_two_of_one_are_not(load: Load) -> None:
    load.share = 1.0
    fleet = Fleet()
    director = directed(load, fleet=fleet)
    targets = ("profile-1", "matching-1", "profile-2")
    faults = [Fault(n, "workers", "remove", each, 0.5) for n, each in enumerate(targets)]
    running = asyncio.create_task(director.run(faults))
    await until(lambda: director.active == 2)
    assert fleet.removed == ["profile-1", "matching-1"]
    fleet.hold.set()
    await running
    assert fleet.removed == ["profile-1", "matching-1", "profile-2"]


async def test_a_disk_that_is_not_ours_to_fill_is_said_and_not_counted(
    load: Load, tmp_path: Path
) -> None:
    load.share = 1.0
    director = directed(load, volumes={"postgres": Volume(tmp_path, own=False)})
    full = Fault(0, "servers", "full", "postgres", 0.5, seconds=1.0)
    await director.run([full])
    assert (director.done, director.impossible) == ([], [full])
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240


async def test_a_silence_of_every_broker_is_one_of_all_and_of_nobody_else(load: Load) -> None:
    load.share = 1.0
    told: list[str] = []
    director = directed(
        load, proxies={name: Way(name, told) for name in ("kafka-1", "kafka-2", "postgres")}
    )
    await director.run([Fault(0, "servers", "silence", "kafka", 0.5)])
    assert told == ["kafka-1 silence", "kafka-2 silence", "kafka-1 mend", "kafka-2 mend"]
    await director.run([Fault(0, "servers", "cut", "kafka-2", 0.5)])
    assert told[4:] == ["kafka-2 cut", "kafka-2 mend"]


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Fault(0, "servers", "kill", "kafka-2", 0.5), ["kafka-2 SIGKILL"]),
        (Fault(0, "servers", "kill", "kafka", 0.5), ["kafka-1 SIGKILL", "kafka-2 SIGKILL"]),
        (Fault(0, "servers", "quit", "postgres", 0.5), ["postgres SIGQUIT"]),
        (
            Fault(0, "servers", "freeze", "postgres", 0.5),
            ["postgres SIGSTOP", "postgres SIGCONT"],
        ),
        (
            Fault(0, "servers", "collapse", "everything", 0.5),
            ["kafka-1 SIGKILL", "kafka-2 SIGKILL", "postgres SIGKILL", "profile-1 SIGKILL"],
        ),
    ],
    ids=str,
)
async def test_whom_a_fault_is_meant_for_is_hit_and_nobody_else(
    load: Load, fault: Fault, hit: list[str]
) -> None:
    load.share = 1.0
    told: list[str] = []

    def note(name: str, number: signal.Signals) -> None:
        told.append(f"{name} {number.name}")

    server = SimpleNamespace(serves=lambda: True)
    director = directed(
        load,
        servers=dict.fromkeys(("kafka-1", "kafka-2", "postgres"), server),
        workers=("profile-1",),
        fleet=SimpleNamespace(signal=note),
        signal=note,
    )
    await director.run([fault])
    assert told == hit
    assert director.done == [fault]


class Way:
    """A proxy that notes what is asked of it."""

    def __init__(self, name: str, told: list[str]) -> None:
        self._name = name
        self._told = told

    def cut(self) -> None:
        self._told.append(f"{self._name} cut")

    def silence(self) -> None:
        self._told.append(f"{self._name} silence")

    def mend(self) -> None:
        self._told.append(f"{self._name} mend")


async def test_without_faults_the_load_is_never_ahead(load: Load) -> None:
    director = directed(load)
    await director.run([])
    assert director.reached == 1.0
