"""Whom a round introduces or reconnects, and through whom."""

from __future__ import annotations

import pytest
from msgspec import structs

from crosstie.matching.model import Suggestion
from crosstie.network.state import Row
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import START, Town, fact, locality, member, rows, tie, two


def test_two_strangers_with_time_are_introduced() -> None:
    (made,) = two(member("A"), member("B"))
    assert (made.kind, made.members, made.state, made.seq) == (
        "introduction",
        ("A", "B"),
        "open",
        1,
    )


def test_an_id_names_deployment_round_kind_and_members() -> None:
    (made,) = two(member("A"), member("B"))
    assert len(made.id) == 32
    assert made.id.isalnum()
    assert made.id.islower()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(tie("A", "B"), id="they have met"),
        pytest.param(tie("A", "B", blocked_by_a=fact(value=True)), id="one who met blocked"),
        pytest.param(
            tie("A", "B", contacts=0, blocked_by_a=fact(value=True)), id="one blocked the other"
        ),
        pytest.param(member("A", reports_to="B"), id="one manages the other"),
        pytest.param(member("A", paused=True), id="one is paused"),
        pytest.param(member("A", consent=False), id="one did not consent"),
        pytest.param(member("A", joined=False), id="one left"),
        pytest.param(member("A", weekly=0), id="one has no time"),
        pytest.param(member("A", availability=None), id="one never said they had time"),
    ],
)
def test_nobody_is_introduced_when(row: Row) -> None:
    assert two(member("A"), member("B"), row) == []


def test_people_who_lost_touch_are_reconnected_instead() -> None:
    (made,) = two(member("A"), member("B"), tie("A", "B", last=START - 150 * DAY_US))
    assert made.kind == "reconnection"
    assert made.reasons[0].code == "lost-touch"
    assert made.reasons[0].amount == 150


def test_a_pair_rests_for_the_cool_down_after_its_last_change() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    declined = town.answered(town.made[0], (0, "declined")).round(1)
    assert declined.round(179).made == []
    assert len(declined.round(180).made) == 1


def test_those_who_said_that_they_met_are_not_introduced_again() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    met = town.answered(town.made[0], (0, "met")).round(1)
    assert met.round(400).made == []


def test_a_star_introduces_its_points_through_the_centre() -> None:
    points = [member(f"P{i}", weekly=1) for i in range(6)]
    centre = member("C", weekly=0)
    town = Town(rows(centre, *points, *(tie("C", each.subject) for each in points))).round()
    assert len(town.made) == 3
    assert all(each.mutual == ("C",) for each in town.made)


def test_whoever_did_not_consent_is_never_named_as_a_mutual_contact() -> None:
    hidden = member("H", consent=False, weekly=0)
    (made,) = two(member("A"), member("B"), hidden, tie("A", "H"), tie("B", "H"))
    assert made.mutual == ()
    assert "H" not in str(made)


def test_one_sector_of_people_with_one_role_is_served() -> None:
    alike = [
        member(f"P{i:02}", weekly=1, role="manager", sector="health", level=3) for i in range(20)
    ]
    assert len(Town(rows(*alike)).round().made) == 10


def test_most_introductions_cross_sectors_where_they_can() -> None:
    town = Town(locality(120, 500)).round()
    assert town.notes["quota.cross-sector.permille"] >= 500


def test_a_free_slot_is_filled_in_the_next_round_of_the_changed() -> None:
    town = Town(rows(member("A", weekly=1), member("B", weekly=1))).round()
    town = town.with_rows(member("C", weekly=3)).round(1, serve=frozenset({"C"}))
    assert town.made == []  # nobody else has time
    later = town.round(
        6, serve=frozenset()
    )  # the week since the first is over, but it is still open
    assert later.made == []
    freed = town.answered(town.ledger.by_member["A"][0], (0, "accepted"), (1, "accepted"))
    assert [each.members for each in freed.round(6, serve=frozenset()).made] in (
        [("A", "C"), ("B", "C")],
        [("B", "C"), ("A", "C")],
    )


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(tie("A", "C", blocked_by_a=fact(value=True)), id="blocked by one"),
        pytest.param(tie("B", "C", blocked_by_b=fact(value=True)), id="blocked one"),
        pytest.param(member("C", paused=True), id="paused"),
        pytest.param(member("C", consent=False), id="without consent"),
    ],
)
def test_nobody_is_brought_together_through_someone_who(row: Row) -> None:
    through: list[Row] = [member("C", weekly=0), tie("A", "C"), tie("B", "C")]
    alone = two(member("A"), member("B"))
    (made,) = two(member("A"), member("B"), *through, row)
    assert made.mutual == ()
    assert [each.code for each in made.reasons] == []
    assert (made.sources, made.scores) == (alone[0].sources, alone[0].scores)


def test_those_who_were_at_one_large_gathering_may_still_be_introduced() -> None:
    conference = tie("A", "B", large_gathering=True)
    (made,) = two(member("A"), member("B"), conference)
    assert made.kind == "introduction"


def test_a_large_gathering_makes_nobody_a_mutual_contact_but_a_way() -> None:
    gathered = [tie(each, "C", large_gathering=True) for each in "AB"]
    (made,) = two(member("A"), member("B"), member("C", weekly=0), *gathered)
    assert made.mutual == ()
    assert "friends-of-friends" in made.sources


def test_a_large_gathering_does_not_keep_those_who_lost_touch_apart() -> None:
    old = tie("A", "B", last=START - 150 * DAY_US)
    (made,) = two(member("A"), member("B"), structs.replace(old, last=START - DAY_US))
    assert (made.kind, made.reasons[0].amount) == ("reconnection", 150)


def test_a_made_up_suggestion_that_was_met_keeps_nobody_apart() -> None:
    town = Town(rows(member("A"), member("B")))
    made_up = Suggestion("none", "introduction", ("A", "B"), ("across",) * 2, False, 1, 0, 0)
    assert len(town.answered(made_up, (0, "met"), (1, "useful")).round(1).made) == 1


def test_those_who_met_by_a_suggestion_stay_met_when_the_answer_is_long_gone() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    met = town.answered(town.made[0], (0, "met")).round(1)
    gone = met.with_rows(tie("A", "B", contacts=0))
    assert gone.round(400).made == []
    assert met.round(400).with_rows(tie("A", "B", contacts=0)).round(1).made == []
