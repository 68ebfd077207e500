"""Who has work and does none is named after half a minute, unless a fault excuses it."""

from __future__ import annotations

from math import inf

import pytest

from crosstie.chaos.audit import DECIDING, STUCK_SECONDS, Standing, Watch
from crosstie.settings import Settings

SETTINGS = Settings(kafka_bootstrap="nowhere:1", database_url="postgresql://nowhere")
STAGES = ("inboxes", "fold", "network", DECIDING, "rounds")


class Excuse:
    """When the last fault ended."""

    until = 0.0

    def __call__(self) -> float:
        return self.until


@pytest.fixture
def excuse() -> Excuse:
    return Excuse()


@pytest.fixture
def watch(excuse: Excuse) -> Watch:
    return Watch(SETTINGS, excuse)


def at(done: int, behind: int, stage: str = "fold") -> Standing:
    everywhere = dict.fromkeys(STAGES, 0)
    return Standing(everywhere | {stage: done}, everywhere | {stage: behind})


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_has_work_and_does_none_is_named(watch: Watch, stage: str) -> None:
    watch.look(at(5, 7, stage), 100)
    watch.look(at(5, 7, stage), 100 + STUCK_SECONDS)
    assert watch.stuck == []
    watch.look(at(5, 9, stage), 101 + STUCK_SECONDS)
    assert watch.stuck == [f"{stage}: 9 behind, none done in 30 s"]


def test_a_stage_that_moves_however_slowly_is_not_stuck(watch: Watch) -> None:
    for n in range(20):
        watch.look(at(n, 1_000), 100 + n * STUCK_SECONDS)
    assert watch.stuck == []


def test_a_stage_with_nothing_to_do_is_not_stuck(watch: Watch) -> None:
    watch.look(at(5, 0), 100)
    watch.look(at(5, 0), 1_000)
    watch.look(at(5, 1), 1_001)
    assert watch.stuck == []


def test_half_a_minute_counts_from_the_end_of_the_last_fault(watch: Watch, excuse: Excuse) -> None:
    watch.look(at(5, 7), 100)
    excuse.until = inf
    watch.look(at(5, 7), 200)
    excuse.until = 300
    watch.look(at(5, 7), 300 + STUCK_SECONDS)
    assert watch.stuck == []
    watch.look(at(5, 7), 301 + STUCK_SECONDS)
    assert len(watch.stuck) == 1


def test_what_stays_stuck_is_named_again_and_again(watch: Watch) -> None:
    for n in range(100):
        watch.look(at(5, 7), 100 + n)
    assert len(watch.stuck) == 3


def test_rows_that_no_round_has_read_keep_nobody_from_being_stored() -> None:
    assert at(5, 7, DECIDING).stored
    assert not at(5, 7, DECIDING).caught_up
    assert not at(5, 7).stored
    assert at(5, 0).caught_up
