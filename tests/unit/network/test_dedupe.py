"""Each event once: duplicates, forgeries, the horizon, and batches that do not show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crosstie.network.dedupe import HORIZON_US, Seen, Verdict, identity, identity_of, judge
from crosstie.network.facts import Event
from crosstie.network.fold import ERASED
from tests.unit.network.logs import logs, logs_with_erasures

NEW, KNOWN, FORGED = Verdict.NEW, Verdict.KNOWN, Verdict.FORGED


def event(id: str, body: bytes = b"as sent", time: int = 1_000) -> Event:
    return Event("p", id, "t", time, "member/ALMA", None, body)


def verdicts(*events: Event) -> tuple[Verdict, ...]:
    return judge(events, {}, 0).verdicts


def test_the_first_offset_wins() -> None:
    assert verdicts(event("1"), event("2"), event("1")) == (NEW, NEW, KNOWN)


def test_another_body_under_a_known_identity_is_a_forgery() -> None:
    assert verdicts(event("1"), event("1", b"another"), event("1")) == (NEW, FORGED, KNOWN)


def test_source_and_id_do_not_run_into_each_other() -> None:
    one, other = event("bc"), structs.replace(event("c"), source="pb")
    assert identity(one) != identity(other)


def test_what_was_remembered_before_an_upgrade_is_known_after_it() -> None:
    assert identity_of("https://members.example", "e-1").hex() == "e1bb1c99aeff09f079d16c7167cb0f90"


def test_an_identity_is_forgotten_a_horizon_after_it_arrived() -> None:
    late = HORIZON_US + 1_000
    assert verdicts(event("1"), event("2", time=late), event("1")) == (NEW, NEW, KNOWN)
    assert verdicts(event("1"), event("2", time=late + 1), event("1")) == (NEW, NEW, NEW)


def test_an_erasure_is_new_whatever_came_before_under_its_id_and_is_not_remembered() -> None:
    other, erased = event("1", b"another"), structs.replace(event("1"), type=ERASED)
    assert verdicts(other, erased, erased, other) == (NEW, NEW, NEW, KNOWN)
    assert verdicts(erased, other) == (NEW, NEW)


def test_a_known_event_does_not_move_the_watermark() -> None:
    forged = event("1", b"another", time=9_000)
    assert judge([event("1"), forged], {}, 0).watermark == 1_000


def test_events_are_remembered_by_the_identities_that_the_caller_made() -> None:
    judged = judge([event("1"), event("2")], {}, 0, [b"one", b"one"])
    assert judged.verdicts == (NEW, KNOWN)
    assert judged.remember == {b"one": Seen(b"as sent", 1_000)}


twice = (logs | logs_with_erasures).flatmap(lambda log: st.permutations(log + log[: len(log) // 2]))


@given(twice, st.data())
def test_batches_and_pruning_never_show(log: list[Event], data: st.DataObject) -> None:
    spread = [structs.replace(e, time=e.time * data.draw(st.sampled_from([1, 2]))) for e in log]
    cut = data.draw(st.integers(0, len(spread)))
    first = judge(spread[:cut], {}, 0)
    pruned = _pruned(first.remember, first.watermark)
    second = judge(
        spread[cut:], data.draw(st.sampled_from([first.remember, pruned])), first.watermark
    )
    whole = judge(spread, {}, 0)
    assert first.verdicts + second.verdicts == whole.verdicts
    assert second.watermark == whole.watermark
    assert first.remember | second.remember == whole.remember


def _pruned(seen: dict[bytes, Seen], watermark: int) -> dict[bytes, Seen]:
    return {name: each for name, each in seen.items() if each.watermark >= watermark - HORIZON_US}


@given(twice)
def test_every_event_of_a_doubled_log_is_new_exactly_once(log: list[Event]) -> None:
    ruled = zip(log, judge(log, {}, 0).verdicts, strict=True)
    new = [identity(each) for each, verdict in ruled if verdict is NEW and each.type != ERASED]
    assert sorted(new) == sorted({identity(each) for each in log if each.type != ERASED})
