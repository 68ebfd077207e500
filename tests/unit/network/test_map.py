"""The map of one's network: whom, where, who is missing, through whom."""

from __future__ import annotations

import pytest
from msgspec import structs

from crosstie.network.map import Map, Population, Way, map_of
from crosstie.network.state import Fact, Member, Tie
from crosstie.network.strength import DAY_US, HALF_LIFE_US, Strength

NOW = 400 * DAY_US


def member(subject: str, **facts: object) -> Member:
    said = {"joined": True, "consent": True} | facts
    return Member(subject, {name: Fact(value, 1, "p", "1") for name, value in said.items()})


def tie(one: str, other: str, strength: float = 1.0, at: int = NOW) -> Tie:
    a, b = sorted((one, other))
    return Tie(a, b, Strength(strength, at), {"met": 2}, first=1, last=at, last_met=at)


ME = member("me", organisation="St Elsewhere", sector="nursing", level=3)
MATE = member("mate", organisation="St Elsewhere", sector="nursing", level=3)
FRIEND = member("friend", organisation="Homes Ltd", sector="housing", level=5)
WARDEN = member("warden", organisation="HMP", sector="prison", level=6)
BOSS = member("boss", sector="prison", level=7)
EVERYONE = {each.subject: each for each in (ME, MATE, FRIEND, WARDEN, BOSS)}
POPULATION = Population({"nursing": 2, "housing": 1, "prison": 2}, {3: 2, 5: 1, 6: 1, 7: 1})


def mapped(ties: list[Tie], beyond: list[Tie] | None = None) -> Map:
    return map_of(ME, ties, beyond or [], EVERYONE, POPULATION, NOW)


def test_contacts_come_strongest_first_as_of_now() -> None:
    old = tie("me", "mate", 4.0, NOW - 2 * HALF_LIFE_US)
    found = mapped([old, tie("me", "friend", 2.0)])
    assert [(c.subject, c.strength) for c in found.contacts] == [("friend", 2.0), ("mate", 1.0)]
    assert found.contacts[1].last == NOW - 2 * HALF_LIFE_US
    assert found.at == NOW


def test_a_contact_shows_how_often_by_whichever_channel_and_when_last() -> None:
    often = structs.replace(tie("me", "mate", at=0), contacts={"called": 3, "met": 2})
    (mate,) = mapped([often]).contacts
    assert (mate.contacts, mate.last) == (5, 0)


def test_a_group_is_as_strong_as_its_contacts_together() -> None:
    found = mapped([tie("me", "warden", 3.0), tie("me", "boss", 1.5), tie("me", "mate", 8.0)])
    assert [(group.of, group.strength) for group in found.sectors] == [
        ("nursing", 8.0),
        ("prison", 4.5),
    ]


def test_inside_is_the_same_organisation_and_unknown_where_either_is() -> None:
    found = mapped([tie("me", "mate", 3), tie("me", "friend", 2), tie("me", "boss", 1)])
    assert [each.inside for each in found.contacts] == [True, False, None]


def test_contacts_are_grouped_by_sector_and_level_strangers_last() -> None:
    found = mapped([tie("me", "mate"), tie("me", "friend"), tie("me", "stranger")])
    assert [(g.of, g.inside, g.outside, g.unknown) for g in found.sectors] == [
        ("housing", 0, 1, 0),
        ("nursing", 1, 0, 0),
        (None, 0, 0, 1),
    ]
    assert [group.of for group in found.levels] == [3, 5, None]


def test_missing_are_the_sectors_and_levels_where_i_know_nobody() -> None:
    found = mapped([tie("me", "mate")])
    assert [(m.of, m.people) for m in found.missing_sectors] == [("prison", 2), ("housing", 1)]
    assert [each.of for each in found.missing_levels] == [5, 6, 7]


def test_i_am_not_missing_myself() -> None:
    alone = Population({"nursing": 1}, {3: 1})
    found = map_of(ME, [], [], EVERYONE, alone, NOW)
    assert (found.missing_sectors, found.missing_levels) == ((), ())


def test_they_are_reached_through_whoever_has_the_strongest_way_there() -> None:
    mine = [tie("me", "mate", 5), tie("me", "friend", 1)]
    beyond = [tie("mate", "warden", 2), tie("friend", "warden", 9), tie("friend", "boss", 9)]
    (prison,) = mapped(mine, beyond).missing_sectors
    assert prison.ways == (Way("mate", 1, 2.0), Way("friend", 2, 1.0))


def test_of_equally_strong_ways_the_one_to_most_people_comes_first() -> None:
    mine = [tie("me", "mate", 2), tie("me", "friend", 2)]
    beyond = [tie("mate", "boss", 9), tie("friend", "boss", 9), tie("mate", "warden", 9)]
    (prison,) = mapped(mine, beyond).missing_sectors
    assert prison.ways == (Way("mate", 2, 2.0), Way("friend", 1, 2.0))


@pytest.mark.parametrize("facts", [{"paused": True}, {"consent": False}, {"joined": False}])
def test_nobody_is_reached_who_is_not_there_to_be_met(facts: dict[str, object]) -> None:
    away = {"warden": member("warden", sector="prison", **facts)}
    beyond = [tie("mate", "warden")]
    found = map_of(ME, [tie("me", "mate")], beyond, EVERYONE | away, POPULATION, NOW)
    assert all(each.ways == () for each in found.missing_sectors)


@pytest.mark.parametrize("facts", [{"paused": True}, {"consent": False}, {"joined": False}])
def test_nobody_is_a_way_who_may_not_be_asked(facts: dict[str, object]) -> None:
    away = {"mate": member("mate", sector="nursing", **facts)}
    beyond = [tie("mate", "warden")]
    found = map_of(ME, [tie("me", "mate")], beyond, EVERYONE | away, POPULATION, NOW)
    assert all(each.ways == () for each in found.missing_sectors)


@pytest.mark.parametrize("mine", [True, False])
@pytest.mark.parametrize("whom", ["boss", "mate", "warden"])  # before me in a tie, and after me
def test_whom_i_blocked_is_no_contact_and_who_blocked_me_is_one_as_before(
    whom: str, mine: bool
) -> None:
    before = [tie("me", whom), tie("me", "friend")]
    side = "blocked_by_a" if (before[0].a == "me") is mine else "blocked_by_b"
    after = [structs.replace(before[0], **{side: Fact(True, 1, "p", "1")}), before[1]]
    expected, found = mapped(before[1:] if mine else before), mapped(after)
    assert (found.contacts, found.sectors) == (expected.contacts, expected.sectors)


@pytest.mark.parametrize("side", ["blocked_by_a", "blocked_by_b"])
def test_whoever_blocked_me_or_is_blocked_is_no_way_and_nobody_to_reach(side: str) -> None:
    blocked = structs.replace(tie("me", "mate"), **{side: Fact(True, 1, "p", "1")})
    beyond = [tie("mate", "warden"), tie("friend", "mate")]
    found = mapped([blocked, tie("me", "friend")], beyond)
    assert all(each.ways == () for each in (*found.missing_sectors, *found.missing_levels))


def test_sectors_that_differ_in_case_are_one_shown_as_most_write_it() -> None:
    other = member("other", organisation="st elsewhere ", sector="Nursing ")
    people = EVERYONE | {"other": other}
    everyone = Population({"nursing": 2, "Nursing ": 1, "Prison": 1, "prison": 2}, {})
    ties = [tie("me", "mate"), tie("me", "other"), tie("me", "friend")]
    found = map_of(ME, ties, [tie("friend", "warden")], people, everyone, NOW)
    assert [(g.of, g.inside) for g in found.sectors] == [("Nursing ", 2), ("housing", 0)]
    (prison,) = found.missing_sectors
    assert (prison.of, prison.people, prison.ways[0].people) == ("prison", 3, 1)


def test_my_contacts_sector_is_written_as_most_of_them_write_it() -> None:
    people = EVERYONE | {"other": member("other", sector="Nursing "), "third": MATE}
    found = map_of(
        ME, [tie("me", each) for each in ("mate", "other", "third")], [], people, POPULATION, NOW
    )
    assert [group.of for group in found.sectors] == ["nursing"]


BLOCK = Fact(True, 1, "p", "1")


@pytest.mark.parametrize(
    "beyond",
    [
        structs.replace(tie("mate", "warden"), blocked_by_a=BLOCK),
        structs.replace(tie("mate", "warden"), blocked_by_b=BLOCK),
        Tie("mate", "warden"),
    ],
    ids=("blocked by one", "blocked by the other", "no contact"),
)
def test_nobody_is_reached_through_a_tie_that_is_blocked_or_none(beyond: Tie) -> None:
    found = mapped([tie("me", "mate")], [beyond])
    assert all(each.ways == () for each in found.missing_sectors)


@pytest.mark.parametrize("whom", ["boss", "warden"])  # before me in a tie, and after me
def test_nobody_is_shown_a_way_to_someone_blocked(whom: str) -> None:
    blocked = structs.replace(tie("me", whom), blocked_by_a=BLOCK)
    found = mapped([blocked, tie("me", "mate")], [tie("mate", whom)])
    assert all(each.ways == () for each in found.missing_sectors)


def test_a_tie_that_holds_only_a_block_is_no_contact() -> None:
    blocked = Tie("mate", "me", blocked_by_a=Fact(True, 1, "p", "1"))
    assert mapped([blocked]).contacts == ()
