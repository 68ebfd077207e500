"""A schedule of faults is a function of its seed, and never takes two of one lane at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosstie.chaos.faults import KINDS, SECONDS, Kind, Lane, schedule

TARGETS: dict[Lane, tuple[str, ...]] = {
    "servers": ("kafka-1", "kafka-2", "postgres"),
    "workers": ("profile-1", "matching-1"),
    "input": ("inbox", "log"),
}


ONLY = {
    "quit": "postgres",
    "collapse": "everything",
    "again": "events",
    "twice": "events",
    "shuffle": "events",
}


def possible(lane: Lane, kind: Kind) -> tuple[str, ...]:
    """What a fault of a kind may hit."""
    if kind in ONLY:
        return (ONLY[kind],)
    if kind == "abort":
        return ("inbox",)
    everywhere = lane == "servers" and kind in {"kill", "cut", "silence"}
    return (*TARGETS[lane], "kafka") if everywhere else TARGETS[lane]


def test_a_seed_draws_the_same_faults_again() -> None:
    assert schedule(7, 40, TARGETS) == schedule(7, 40, TARGETS)
    assert schedule(7, 40, TARGETS) != schedule(8, 40, TARGETS)


@given(st.integers(0, 10_000), st.integers(0, 60))
def test_every_fault_fits_its_lane_and_comes_before_the_end(seed: int, many: int) -> None:
    drawn = schedule(seed, many, TARGETS)
    assert [each.at for each in drawn] == sorted(each.at for each in drawn)
    assert sorted(each.number for each in drawn) == list(range(many))
    for each in drawn:
        least, most = SECONDS[each.kind]
        assert each.kind in KINDS[each.lane]
        assert each.target in possible(each.lane, each.kind)
        assert 0 <= each.at < 1
        assert least <= each.seconds <= most
        assert (each.delay_seconds > 0) == (each.kind == "slow")
        assert (each.by_seconds != 0) == (each.kind == "jump")


def test_many_faults_hit_everything_there_is() -> None:
    hit = {(each.kind, each.target) for each in schedule(1, 2_000, TARGETS)}
    wanted = {
        (kind, target)
        for lane in TARGETS
        for kind in KINDS[lane]
        for target in possible(lane, kind)
    }
    assert hit == wanted
