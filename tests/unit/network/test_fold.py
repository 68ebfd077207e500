"""The fold: what is true whatever the order, the batches and the erasures."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.fold import ERASED, fold, fold_all
from crosstie.network.state import (
    Member,
    Row,
    Tie,
    member_key,
    tie_key,
)
from tests.unit.network.fold_world import (
    ALMA,
    BORIS,
    about_tie,
    alma_after,
    fact_about,
    folded,
    said,
)
from tests.unit.network.logs import logs, logs_with_erasures


@given(logs, st.randoms(use_true_random=False))
def test_a_shuffled_log_gives_the_same_facts_counts_and_strengths(
    log: list[Event], random: Random
) -> None:
    shuffled = list(log)
    random.shuffle(shuffled)
    one, other = folded(log), folded(shuffled)
    assert one.keys() == other.keys()
    for key, row in one.items():
        again = other[key]
        if isinstance(row, Tie):
            assert isinstance(again, Tie)
            assert again.strength.at == row.strength.at
            assert again.strength.value == pytest.approx(row.strength.value, rel=1e-9)
            again = structs.replace(again, strength=row.strength)
        assert again == row


@given(logs_with_erasures | logs, st.data())
def test_batch_boundaries_never_show(log: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    first = fold_all({}, log[:cut])
    gone = {each.key for each in log[:cut] if each.type == ERASED}
    rest = [structs.replace(e, data=None) if e.key in gone else e for e in log[cut:]]
    second = fold_all(first, rest)
    assert _present(first | second) == _present(folded(log))


def _present(rows: dict[str, Row | None]) -> dict[str, Row]:
    return {key: row for key, row in rows.items() if row is not None}


@given(logs)
def test_an_event_changes_only_the_row_of_its_own_key(log: list[Event]) -> None:
    for key, row in folded(log).items():
        assert folded([each for each in log if each.key == key]) == {key: row}


def test_the_later_event_time_wins_whatever_its_arrival() -> None:
    new, old = said("1", 20, sector="housing"), said("2", 10, sector="prison", role="nurse")
    assert alma_after(new, old) == alma_after(old, new)
    assert alma_after(new, old).sector == "housing"
    assert alma_after(new, old).role == "nurse"


def test_a_field_left_out_stays_and_null_clears_it() -> None:
    alma = alma_after(said("1", 1, sector="housing", role="nurse"), said("2", 2, role=None))
    assert (alma.sector, alma.role) == ("housing", None)


def test_an_erased_member_is_gone_and_nothing_later_in_the_batch_brings_them_back() -> None:
    erased = Event("p", "2", ERASED, 2, member_key(ALMA), f.MemberFact(ALMA))
    before, after = said("1", 1, sector="housing"), said("3", 3, sector="prison")
    rows = {member_key(ALMA): alma_after(before)}
    assert fold_all(rows, [erased, after]) == {member_key(ALMA): None}
    assert _present(folded([before, erased, after])) == {}


def test_an_erasure_ends_nobody_else_s_part_of_the_batch() -> None:
    erased = Event("p", "1", ERASED, 1, member_key(ALMA), f.MemberFact(ALMA))
    met = about_tie("3", "contact.made", f.Contact((ALMA, BORIS), "met"))
    rows = folded([erased, said("2", 2, sector="prison"), met])
    assert rows.keys() == {tie_key(ALMA, BORIS)}


def test_who_is_described_by_nothing_is_known_and_by_something_has_these_facts_alone() -> None:
    assert fold(None, said("1", 1)) == Member(ALMA)
    assert alma_after(said("1", 1, sector="housing")).facts.keys() == {"sector"}


def test_a_redacted_event_changes_nothing() -> None:
    redacted = structs.replace(said("2", 2, sector="prison"), data=None)
    alma = alma_after(said("1", 1, sector="housing"))
    assert fold(alma, redacted) is alma
    assert fold(None, redacted) is None


def test_what_changes_nothing_is_no_change() -> None:
    late = said("0", 0, sector="prison")
    assert fold_all({member_key(ALMA): alma_after(said("1", 1, sector="housing"))}, [late]) == {}


@pytest.mark.parametrize(
    ("freer", "safer", "name", "value"),
    [
        ("member.joined", "consent.withdrawn", "consent", False),
        ("member.joined", "member.left", "joined", False),
        ("member.resumed", "member.paused", "paused", True),
    ],
)
@pytest.mark.parametrize("ids", [("1", "2"), ("2", "1")])
def test_of_two_facts_of_one_moment_the_one_that_protects_holds(
    freer: str, safer: str, name: str, value: object, ids: tuple[str, str]
) -> None:
    joined = f.Joined(ALMA, consent=True)
    frees = fact_about(ids[0], freer, joined if "joined" in freer else f.MemberFact(ALMA))
    protects = fact_about(ids[1], safer, f.MemberFact(ALMA))
    assert alma_after(frees, protects).get(name) is value
    assert alma_after(protects, frees) == alma_after(frees, protects)
    later = structs.replace(frees, time=2)
    assert alma_after(protects, later).get(name) is not value
