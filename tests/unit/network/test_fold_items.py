"""Needs, offers and time: what a member keeps of what was stated, and since when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.fold import fold
from crosstie.network.state import (
    ITEMS_KEPT,
)
from tests.unit.network.fold_world import ALMA, alma_after, fact_about, said


def available(id: str, time: int, weekly: int = 2) -> Event:
    return fact_about(id, "availability.set", f.Availability(ALMA, weekly), time)


def test_since_when_somebody_has_time_is_not_moved_by_saying_so_again() -> None:
    daily = [available(f"{n}", n) for n in range(5, 9)]
    alma = alma_after(*reversed(daily))
    assert alma == alma_after(*daily)
    assert (alma.facts["available"].time, alma.facts["availability"].time) == (5, 8)
    assert alma.get("available") is True


def test_when_somebody_last_had_no_time_is_known() -> None:
    alma = alma_after(available("1", 1), available("2", 2, weekly=0), available("3", 3))
    assert [alma.facts[each].time for each in ("available", "unavailable")] == [1, 2]


def posted(id: str, time: int, item: str, text: str = "a van", kind: str = "need") -> Event:
    return fact_about(id, f"{kind}.posted", f.Posted(ALMA, item, text), time)


def settled(id: str, time: int, item: str) -> Event:
    return fact_about(id, "need.resolved", f.Settled(ALMA, item), time)


def test_of_needs_and_of_offers_those_stated_last_are_kept_and_nothing_else_goes() -> None:
    many = [
        posted(f"{kind}{n}", n, f"i{n}", kind=kind)
        for n in range(ITEMS_KEPT + 5)
        for kind in ("need", "offer")
    ]
    alma = alma_after(said("0", 0, sector="housing"), *many)
    last = {f"i{n}" for n in range(5, ITEMS_KEPT + 5)}
    assert alma.needs.keys() == alma.offers.keys() == last
    assert alma.sector == "housing"


def test_what_is_over_does_not_come_back_though_it_was_dropped_meanwhile() -> None:
    others = [posted(f"{n}", 100 + n, f"i{n}") for n in range(ITEMS_KEPT)]
    late = posted("late", 1, "old")
    alma = alma_after(settled("over", 50, "old"), *others)
    assert "need/old" not in alma.facts
    assert fold(alma, late) is alma
    again = posted("again", 999, "old")
    assert "old" in alma_after(*others, again).needs


_items = st.integers(0, ITEMS_KEPT + 10).map(lambda n: f"i{n}")
_stated = st.lists(st.tuples(st.booleans(), st.integers(0, 30), _items), max_size=150)


@given(_stated, st.data())
def test_the_items_kept_are_the_same_in_any_order(
    stated: list[tuple[bool, int, str]], data: st.DataObject
) -> None:
    whole = [(True, 15, f"i{n}") for n in range(ITEMS_KEPT)]
    log = [
        posted(f"{n}", time, item, text=f"{n}") if post else settled(f"{n}", time, item)
        for n, (post, time, item) in enumerate([*whole, *stated])
    ]
    one, other = alma_after(*log), alma_after(*data.draw(st.permutations(log)))
    assert one == other
    assert list(one.facts) == list(other.facts)
    latest: dict[str, Event] = {}
    for each in sorted(log, key=_order):
        latest[each.data.item] = each
    greatest = sorted(latest.values(), key=_order)[-ITEMS_KEPT:]
    assert {fact.id for fact in one.facts.values()} == {each.id for each in greatest}


def _order(event: Event) -> tuple[int, bool, str]:
    return event.time, "resolved" in event.type, event.id
