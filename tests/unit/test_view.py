from __future__ import annotations

from crosstie.network.view import Network
from tests.unit.matching.towns import fact, member, rows, tie


def test_neighbours_are_those_one_has_met() -> None:
    network = Network.of(rows(member("A"), member("B"), member("C"), tie("B", "A"), tie("A", "C")))
    assert network.neighbours("A") == ("B", "C")
    assert network.neighbours("C") == ("A",)


def test_an_answer_or_a_block_alone_makes_no_neighbour() -> None:
    blocked = tie("A", "B", contacts=0, blocked_by_a=fact(value=True))
    network = Network.of(rows(member("A"), member("B"), blocked))
    assert network.neighbours("A") == ()
    assert network.blocked("A", "B")
    assert network.blocked("B", "A")


def test_a_tie_to_someone_unknown_or_erased_is_no_neighbour() -> None:
    network = Network.of(rows(member("A"), tie("A", "GONE")))
    assert network.neighbours("A") == ()
    assert not network.eligible("GONE")


def test_paused_people_stay_neighbours_and_may_be_named_but_not_suggested() -> None:
    network = Network.of(rows(member("A"), member("B", paused=True), tie("A", "B")))
    assert network.neighbours("A") == ("B",)
    assert network.present("B")
    assert not network.eligible("B")


def test_without_consent_nobody_is_named() -> None:
    network = Network.of(rows(member("A", consent=False), member("B", joined=False)))
    assert not network.present("A")
    assert not network.present("B")


def test_mutual_contacts_are_those_both_have_met() -> None:
    people = [member(each) for each in "ABCD"]
    ties = [tie("A", "C"), tie("B", "C"), tie("A", "D")]
    assert Network.of(rows(*people, *ties)).mutual("A", "B") == ("C",)


def test_line_managers_are_seen_from_both_sides() -> None:
    network = Network.of(rows(member("A", reports_to="B"), member("B")))
    assert network.reporting("A", "B")
    assert network.reporting("B", "A")


def test_a_blocked_contact_is_no_neighbour() -> None:
    blocked = tie("A", "B", blocked_by_b=fact(value=True))
    network = Network.of(rows(member("A"), member("B"), blocked))
    assert network.neighbours("A") == network.neighbours("B") == ()


def test_only_who_is_eligible_and_blocks_nobody_of_them_is_named_as_known_to_both() -> None:
    people = [member("A"), member("B"), member("C"), member("D"), member("E", paused=True)]
    blocked = tie("B", "D", contacts=0, blocked_by_a=fact(value=True))
    network = Network.of(rows(*people, blocked))
    assert [each for each in "CDEX" if network.nameable(each, "A", "B")] == ["C"]


def test_a_tie_is_found_whoever_is_named_first() -> None:
    network = Network.of(rows(member("A"), member("B"), tie("A", "B")))
    assert network.tie("A", "B") == network.tie("B", "A") == tie("A", "B")
    assert network.tie("A", "C") is None


def test_nobody_reports_to_a_colleague_or_to_someone_else_s_manager() -> None:
    network = Network.of(rows(member("A", reports_to="B"), member("B"), member("C")))
    assert not network.reporting("A", "C")
    assert not network.reporting("C", "B")


def test_of_people_unknown_one_reports_to_the_other_where_the_known_one_says_so() -> None:
    network = Network.of(rows(member("A", reports_to="GONE")))
    assert network.reporting("GONE", "A")
    assert not network.reporting("GONE", "ELSEWHERE")
