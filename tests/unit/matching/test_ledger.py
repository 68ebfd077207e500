from __future__ import annotations

from functools import reduce

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching.ledger import EMPTY, PAIRS_KEPT_US, Ledger, apply, apply_round
from crosstie.matching.ledger_bytes import encode, read, stored
from crosstie.matching.model import Round
from tests.unit.matching.towns import Town, locality, member, rows


def recorded(town: Town) -> Round:
    return Round(
        n=town.n, at=town.at, full=True, seed=0, offsets=(), policy="", base="", code="",
        fingerprint="", previous="", digest="", changes=town.changes,
    )  # fmt: skip


def history(seed: int, rounds: int = 6) -> list[Town]:
    """A locality through rounds with answers of all kinds."""
    town, towns = Town(locality(40, 80, seed)), []
    for n in range(rounds):
        town = town.round(3 + 4 * (n % 2), seed=seed)
        towns.append(town)
        for k, suggestion in enumerate(sorted(town.ledger.live.values(), key=lambda each: each.id)):
            answers = ("accepted", "declined", "accepted", "met", "ended", "ignored")
            town = town.answered(suggestion, (k % 2, answers[(k + n) % 6]), days=0.5)
    return towns


@settings(deadline=None)
@given(st.integers(0, 5))
def test_replaying_the_rounds_gives_the_same_ledger(seed: int) -> None:
    towns = history(seed)
    replayed = reduce(apply_round, map(recorded, towns), EMPTY)
    assert replayed == towns[-1].ledger
    assert encode(replayed) == encode(towns[-1].ledger)


def test_change_by_change_is_the_same_as_a_round_at_once() -> None:
    ledger = EMPTY
    for town in history(3):
        for change in town.changes:
            ledger = apply(ledger, change, town.at)
        ledger = ledger.after((), town.at)
        assert encode(ledger) == encode(town.ledger)


def test_a_ledger_read_back_from_its_bytes_goes_on_alike() -> None:
    *_, town = history(2)
    again = read(stored(town.ledger))
    assert encode(again) == encode(town.ledger)
    assert encode(again.after((), town.at + PAIRS_KEPT_US // 2)) == encode(
        town.ledger.after((), town.at + PAIRS_KEPT_US // 2)
    )


def test_a_ledger_forgets_all_but_what_is_live() -> None:
    *_, town = history(1)
    later = town.ledger.after((), town.at + PAIRS_KEPT_US)
    assert later.live == town.ledger.live
    assert (later.settled, later.pairs, later.made) == ({}, {}, {})


def test_rounds_leave_earlier_ledgers_as_they_were() -> None:
    first, *_ = towns = history(1)
    assert first.ledger == apply_round(EMPTY, recorded(first))
    assert len(towns) == 6


def test_the_empty_ledger_is_read_back_from_its_bytes() -> None:
    assert read(stored(EMPTY)) == EMPTY == Ledger()


def test_who_said_what_about_whom_is_remembered_both_ways() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    (made,) = town.made
    ledger = town.answered(made, (0, "accepted"), (1, "declined")).round(1).ledger
    assert [(each.whom, each.yes) for each in ledger.answered["A"]] == [("B", True)]
    assert [(each.whom, each.yes) for each in ledger.judged["A"]] == [("B", False)]


def test_a_ledger_of_the_first_version_is_still_read() -> None:
    *_, town = history(2)
    fields = msgspec.msgpack.decode(stored(town.ledger))
    assert fields.pop("answered")
    assert fields.pop("judged")
    old = read(msgspec.msgpack.encode(fields))
    assert old.pairs == town.ledger.pairs
    assert old.answered == old.judged == {}
