"""More time never brings anybody less, and slots hold however many answer at once."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from crosstie.matching.assignment import introductions, mentors
from crosstie.network.state import Member
from tests.unit.matching.test_assignment import Pairs, convex, mentoring, pairs
from tests.unit.matching.towns import POLICY, Town, locality, member, rows

# nothing drawn and no quota: what is left is the assignment by worth
NO_QUOTA = structs.replace(POLICY.quotas, cross_sector=0.0, across_levels=0.0, same_level=0.0)
PLAIN = structs.replace(POLICY, exploration=0.0, quotas=NO_QUOTA)


@settings(deadline=None)
@given(pairs(), st.data())
def test_a_slot_more_never_lowers_what_introductions_can_reach(
    p: Pairs, data: st.DataObject
) -> None:
    who = data.draw(st.integers(0, len(p.slots) - 1))
    more = p.slots + (np.arange(len(p.slots)) == who)
    (chosen, bound), (_, wider) = introductions(*p), introductions(*p._replace(slots=more))
    assert wider >= bound >= int(p.worth[chosen].sum())


@settings(deadline=None)
@given(mentoring(), st.data())
def test_a_slot_more_never_lowers_the_worth_of_mentorings(
    case: tuple[Pairs, np.ndarray, int], data: st.DataObject
) -> None:
    p, taken, step = case
    who = data.draw(st.integers(0, len(p.slots) - 1))
    more = p.slots + (np.arange(len(p.slots)) == who)
    reached = []
    for slots in (p.slots, more):
        sides: dict[str, Any] = {"offered": slots, "wanted": slots}
        chosen = mentors(p.a, p.b, p.worth, **sides, taken=taken, slot_step=step)
        reached.append(convex(p, chosen, taken, step))
    assert reached[1] >= reached[0]


def with_weekly(row: Member, weekly: int) -> Member:
    said = row.facts["availability"]
    news = structs.replace(said, value=[weekly, *said.value[1:]])
    return structs.replace(row, facts=row.facts | {"availability": news})


def introduced(town: Town, subject: str) -> int:
    return sum(subject in each.members for each in town.made if each.kind != "mentoring")


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.integers(0, 60), st.integers(0, 99))
def test_whoever_gives_more_time_is_given_no_fewer_introductions(
    people: int, ties: int, seed: int
) -> None:
    town = Town(locality(people, ties, seed), policy=PLAIN)
    subject = f"P{random.Random(seed).randrange(people):015d}"
    row = town.rows[f"member/{subject}"]
    assert isinstance(row, Member)
    counts = [introduced(town.with_rows(with_weekly(row, n)).round(), subject) for n in range(4)]
    assert counts == sorted(counts)
    assert all(each <= n for n, each in enumerate(counts))


def held(town: Town) -> tuple[Counter[str], Counter[str]]:
    """Live mentorings by mentor and by mentee."""
    live = [each.members for each in town.ledger.live.values() if each.kind == "mentoring"]
    return Counter(mentor for mentor, _ in live), Counter(mentee for _, mentee in live)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 14), st.integers(0, 999))
def test_mentors_slots_hold_while_acceptances_arrive_at_once(
    seniors: int, juniors: int, seed: int
) -> None:
    draw = random.Random(seed)
    busy = structs.replace(POLICY.mentoring, most_a_week=40)
    offered = {f"S{i}": draw.randrange(4) for i in range(seniors)}
    wanted = {f"J{i:02}": draw.randrange(3) for i in range(juniors)}
    people = [member(each, weekly=0, mentees=n, level=5) for each, n in offered.items()]
    people += [member(each, weekly=0, mentors=n, level=3) for each, n in wanted.items()]
    town = Town(rows(*people), policy=structs.replace(POLICY, mentoring=busy))
    for _ in range(4):
        town = town.round(draw.choice((0.01, 1, 8)), serve=draw.choice((None, frozenset(wanted))))
        mentees, mentors = held(town)
        assert all(n <= offered[each] for each, n in mentees.items())
        assert all(n <= wanted[each] for each, n in mentors.items())
        for suggestion in sorted(town.ledger.live.values(), key=lambda each: each.id):
            if suggestion.state == "open":
                answer = draw.choice(("accepted", "accepted", "declined", "met"))
                town = town.answered(suggestion, (0, "accepted"), (1, answer))


def test_of_mentees_who_accept_at_once_as_many_stay_as_the_mentor_still_offers() -> None:
    juniors = [member(f"J{i}", weekly=0, mentors=1, level=2) for i in range(3)]
    mentor: dict[str, Any] = {"weekly": 0, "level": 4}
    town = Town(rows(member("S", mentees=3, **mentor), *juniors)).round()
    assert len(town.made) == 3
    for each in town.made:
        town = town.answered(each, (1, "accepted"))
    town = town.with_rows(member("S", mentees=1, **mentor)).round(1)
    assert Counter(town.causes) == {"accepted": 3, "withdrawn:capacity": 2}
    assert held(town)[0] == {"S": 1}
    (left,) = town.ledger.live.values()
    agreed = town.answered(left, (1, "accepted"), (0, "accepted")).round(1)
    assert held(agreed)[0] == {"S": 1}
    assert agreed.made == []
