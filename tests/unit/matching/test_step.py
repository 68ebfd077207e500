from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from crosstie.matching import pacing
from crosstie.matching.ledger import WEEK_US, pair_of
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.model import Suggestion, decided
from crosstie.network.state import Member, Row
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import POLICY, START, Town, fact, locality, member, rows, tie

towns = st.builds(
    lambda people, ties, seed: Town(locality(people, ties, seed)),
    st.integers(0, 40),
    st.integers(0, 120),
    st.integers(0, 50),
)


def stirred(town: Town, seed: int) -> Town:
    """The world moves on: answers, pauses, blocks, lowered capacity, erasures."""
    draw = random.Random(seed)
    for suggestion in sorted(town.ledger.live.values(), key=lambda each: each.id):
        answers = [(draw.randrange(2), draw.choice(("accepted", "declined", "met", "ended")))]
        town = town.answered(suggestion, *answers[: draw.randrange(2)])
        if draw.random() < 0.1:
            town = town.with_rows(
                tie(*suggestion.members, contacts=0, blocked_by_a=fact(value=True))
            )
    for key, row in sorted(town.rows.items()):
        if isinstance(row, Member) and draw.random() < 0.1:
            news = draw.choice(({"paused": True}, {"availability": [1, 0, 1, [], []]}))
            facts = row.facts | {name: fact(value) for name, value in news.items()}
            town = replace(town, rows={**town.rows, key: Member(row.subject, facts)})
        elif isinstance(row, Member) and draw.random() < 0.03:
            town = town.without(row.subject)
    return town


def broken(before: Town, town: Town) -> list[str]:
    """Rules that a round broke, in words."""
    network, ledger = town.network, town.ledger
    earlier = before.ledger.after((c for c in town.changes if c.cause != "made"), town.at)
    wrong: list[str] = []
    for each in town.made:
        a, b = each.members
        tie = network.tie(a, b)
        met = tie is not None and tie.met
        cooling = (
            earlier.pairs.get(pair_of(each), -(10**18)) > town.at - POLICY.cool_down_days * DAY_US
        )
        wrong += [
            f"{rule}: {each}"
            for rule, broken in {
                "self": a == b,
                "not eligible": not (network.eligible(a) and network.eligible(b)),
                "blocked": network.blocked(a, b),
                "line manager": network.reporting(a, b),
                "met": each.kind == "introduction" and met,
                "not met": each.kind == "reconnection" and not met,
                "cool-down": cooling,
                "live": pair_of(each) in earlier.live_pairs,
            }.items()
            if broken
        ]
    for subject in {subject for each in town.made for subject in each.members}:
        availability = network.members[subject].availability
        for slot in pacing.SLOTS:
            new = [s for s in pacing.holding(ledger, subject, slot) if s.round == town.n]
            free = pacing.free(earlier, availability, slot, town.at)
            wrong += [f"capacity: {subject} {slot}"] if len(new) > free else []
        pace = ledger.mentorings_since(subject, town.at - WEEK_US)
        mentored = any(each.kind == "mentoring" and subject in each.members for each in town.made)
        wrong += [f"pace: {subject}"] if mentored and pace > POLICY.mentoring.most_a_week else []
    twice = Counter(pair_of(each) for each in town.made)
    return wrong + [f"twice: {pair}" for pair, n in twice.items() if n > 1]


@settings(max_examples=60, deadline=None)
@given(towns, st.integers(0, 9))
def test_no_round_breaks_a_rule(town: Town, seed: int) -> None:
    for n, days in enumerate((0, 1, 7, 30)):
        before, town = town, town.round(days)
        assert broken(before, town) == []
        town = stirred(town, seed + n)


@settings(max_examples=40, deadline=None)
@given(towns, st.integers(0, 9))
def test_shuffled_input_gives_the_same_bytes(town: Town, seed: int) -> None:
    town = stirred(town.round(), seed)
    shuffled = list(town.rows.items())
    random.Random(seed).shuffle(shuffled)
    live = dict(sorted(town.ledger.live.items(), key=lambda each: hash(each[0])))
    other = replace(town, rows=dict(shuffled), ledger=structs.replace(town.ledger, live=live))
    one, two = town.round(2), other.round(2)
    assert decided(one.changes, one.notes) == decided(two.changes, two.notes)
    assert encode(one.ledger) == encode(two.ledger)


@settings(max_examples=30, deadline=None)
@given(towns, st.integers(0, 9))
def test_a_round_of_some_breaks_no_rule_and_serves_only_them(town: Town, seed: int) -> None:
    town = stirred(town.round(), seed)
    names = [row.subject for row in town.rows.values() if isinstance(row, Member)]
    some = frozenset(random.Random(seed).sample(names, len(names) // 3))
    after = town.round(0.5, serve=some)
    settled = (c.suggestion.members for c in after.changes if c.cause != "made")
    freed = {subject for members in settled for subject in members}
    assert broken(town, after) == []
    assert all({*each.members} & (some | freed) for each in after.made)


@settings(max_examples=30, deadline=None)
@given(towns)
def test_serving_everyone_by_name_is_a_full_round(town: Town) -> None:
    names = frozenset(row.subject for row in town.rows.values() if isinstance(row, Member))
    assert town.round(serve=names).changes == town.round().changes


@settings(max_examples=30, deadline=None)
@given(towns)
def test_a_second_round_at_the_same_time_adds_little_and_changes_nothing(town: Town) -> None:
    first = town.round()
    assert set(first.round().causes) <= {"made"}
    assert broken(first, first.round()) == []


def two(one: Member, other: Member, *more: Row) -> list[Suggestion]:
    return Town(rows(one, other, *more)).round().made


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


def senior(**more: Any) -> Member:
    return member("S", **({"weekly": 0, "mentees": 1, "level": 5} | more))


def junior(**more: Any) -> Member:
    return member("J", **({"weekly": 0, "mentors": 1, "level": 2} | more))


def test_the_senior_mentors_the_junior() -> None:
    (made,) = two(senior(), junior())
    assert (made.kind, made.members, made.directions) == ("mentoring", ("S", "J"), ("down", "up"))


def test_reverse_mentoring_happens_where_the_senior_wishes_it() -> None:
    asking = senior(mentees=0, mentors=1)
    offering = junior(mentors=0, mentees=1)
    assert two(asking, offering) == []
    (made,) = two(senior(mentees=0, mentors=1, wishes=(("down",), ())), offering)
    assert (made.members, made.directions) == (("J", "S"), ("up", "down"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(senior(level=2), junior(level=2), id="of equal level"),
        pytest.param(
            senior(level=2, wishes=(("across",), ())), junior(), id="of equal level, wished by one"
        ),
        pytest.param(senior(level=7), junior(level=1), id="too far apart"),
        pytest.param(
            senior(level=None, mentees=0), junior(), id="of unknown level, and nothing offered"
        ),
        pytest.param(senior(mentees=0), junior(), id="nothing offered"),
        pytest.param(senior(), junior(mentors=0), id="nothing wanted"),
        pytest.param(senior(), junior(reports_to="S"), id="the line manager"),
    ],
)
def test_there_is_no_mentoring_when(one: Member, other: Member) -> None:
    assert two(one, other) == []


def test_equals_mentor_each_other_where_both_wish_it() -> None:
    across: Any = (("across",), ())
    (made,) = two(senior(level=2, wishes=across), junior(wishes=across))
    assert (made.members, made.directions) == (("S", "J"), ("across", "across"))


@pytest.mark.parametrize(("of_s", "of_j"), [(None, 2), (5, None), (None, None)])
def test_where_a_level_is_unknown_offered_and_wanted_are_enough(
    of_s: int | None, of_j: int | None
) -> None:
    (made,) = two(senior(level=of_s), junior(level=of_j))
    assert (made.kind, made.members, made.directions) == (
        "mentoring",
        ("S", "J"),
        ("across", "across"),
    )


def test_of_two_who_both_offer_and_want_the_senior_mentors() -> None:
    both: Any = {"mentors": 1, "mentees": 1, "wishes": (("up", "down", "across"), ())}
    (made,) = two(senior(**both), junior(**both))
    assert made.members == ("S", "J")


def test_of_two_mentors_the_one_of_the_same_profession_is_chosen() -> None:
    nurse = junior(profession="nurse")
    for names in (("M1", "M2"), ("M2", "M1")):
        same, other = (
            member(name, weekly=0, mentees=1, level=5, profession=profession)
            for name, profession in zip(names, ("nurse", "doctor"), strict=True)
        )
        (made,) = Town(rows(nurse, same, other)).round().made
        assert made.members == (same.subject, "J")
        gain = POLICY.mentoring.profession + 2 * POLICY.mentoring.experience
        assert made.scores["mentor"] == round(gain * 1_000_000)


def test_a_pair_gets_a_mentoring_or_an_introduction_never_both() -> None:
    made = two(senior(weekly=3), junior(weekly=3))
    assert [each.kind for each in made] == ["mentoring"]


def test_a_mentor_is_never_given_more_mentees_than_offered() -> None:
    juniors = [member(f"J{i}", weekly=0, mentors=1, level=2) for i in range(5)]
    town = Town(rows(senior(mentees=2), *juniors)).round()
    assert len(town.made) == 2
    first, second = town.made
    after = town.answered(first, (0, "accepted"), (1, "accepted")).answered(second, (1, "declined"))
    after = after.round(1)
    assert after.causes == ["accepted", "accepted", "declined", "made"] or sorted(after.causes) == [
        "accepted", "accepted", "declined", "made",
    ]  # fmt: skip


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


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param([], id="nobody"),
        pytest.param([member("A", needs={"n": "help"})], id="one person"),
        pytest.param([tie("A", "B")], id="a tie between unknown people"),
        pytest.param([member(f"P{i}", paused=True) for i in range(9)], id="everybody paused"),
        pytest.param([member("A", weekly=0), member("B", weekly=0)], id="nobody with time"),
    ],
)
def test_there_is_an_answer_for(stated: list[Row]) -> None:
    town = Town(rows(*stated)).round()
    assert town.changes == ()
    assert town.round(1, serve=frozenset({"A"})).changes == ()


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


def test_different_seeds_change_the_order_of_chances_and_nothing_else() -> None:
    town = Town(locality(60, 100))
    one, other = town.round(seed=1), town.round(seed=2)
    assert broken(town, other) == []
    assert [each.id for each in one.made] != [each.id for each in other.made]


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


def test_a_senior_who_declines_is_not_flooded_with_mentees() -> None:
    juniors = [member(f"J{i:02}", weekly=0, mentors=1, level=2) for i in range(30)]
    town, made = Town(rows(senior(), *juniors)), []
    for _ in range(14):
        town = town.round(0.5)
        made.append(len(town.made))
        for suggestion in town.made:
            town = town.answered(suggestion, (0, "declined"))
    assert sum(made) == POLICY.mentoring.most_a_week
    town = town.round(0.5, serve=frozenset())
    assert len(town.made) == 1  # the week since the first is over: served without being asked for


def test_a_junior_who_declines_is_not_flooded_with_mentors() -> None:
    seniors = [
        member(f"S{i:02}", weekly=0, mentees=1, mentors=1, level=5, wishes=(("down",), ()))
        for i in range(30)
    ]
    both = junior(mentees=2)  # may mentor as well
    town, made = Town(rows(both, *seniors)), 0
    for _ in range(14):
        town = town.round(0.5)
        mine = [each for each in town.made if "J" in each.members]
        made += len(mine)
        for suggestion in mine:
            town = town.answered(suggestion, (suggestion.members.index("J"), "declined"))
    assert made == POLICY.mentoring.most_a_week
