"""Affinity, fairness and value: what makes a pair likelier or worth more, one thing at a time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching import policy
from crosstie.matching.model import Suggestion
from crosstie.matching.value import bridging
from crosstie.network.state import Member, Row
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import START, Town, fact, locality, member, rows, tie


def scores(one: Member, other: Member, *more: Row, town: Town | None = None) -> dict[str, int]:
    """Of the suggestion between A and B."""
    after = (town or Town({})).with_rows(one, other, *more).round()
    return next(each.scores for each in after.made if set(each.members) == {"A", "B"})


def plain(subject: str, **more: Any) -> Member:
    facts: dict[str, Any] = {"weekly": 1, "level": 3, "sector": "health"} | more
    return member(subject, **facts)


BASE = scores(plain("A"), plain("B"))


@pytest.mark.parametrize(
    ("a", "b", "sign"),
    [
        pytest.param({"wishes": (("across",), ())}, {}, 1, id="a direction that a wished"),
        pytest.param({"wishes": (("up",), ())}, {}, -1, id="a direction that a did not wish"),
        pytest.param({"wishes": ((), ("health",))}, {}, 1, id="a sector that a wished"),
        pytest.param({"wishes": ((), ("prisons",))}, {}, -1, id="another sector than a wished"),
        pytest.param({}, {"level": 4}, 1, id="one level up"),
        pytest.param({}, {"level": 1}, -1, id="two levels down"),
        pytest.param({"needs": {"n": "grant bids"}}, {"offers": {"o": "grant bids"}}, 1, id="help"),
        pytest.param({"interests": ["choirs"]}, {"interests": ["Choirs"]}, 1, id="an interest"),
        pytest.param({"profession": "nurse"}, {"profession": "nurse"}, 1, id="a profession"),
        pytest.param({"place": "Leeds"}, {"place": "Leeds"}, 1, id="a place"),
    ],
)
def test_what_moves_the_likelihood_that_a_accepts_b(
    a: dict[str, Any], b: dict[str, Any], sign: int
) -> None:
    moved = scores(plain("A", **a), plain("B", **b))["accepts_first"] - BASE["accepts_first"]
    assert np.sign(moved) == sign


def test_a_mutual_contact_helps_both() -> None:
    centre = member("C", weekly=0)
    via = scores(plain("A"), plain("B"), centre, tie("A", "C"), tie("B", "C"))
    assert via["accepts_first"] > BASE["accepts_first"]
    assert via["accepts_second"] > BASE["accepts_second"]


def test_whoever_let_the_other_do_all_the_effort_is_less_likely_to_accept() -> None:
    old = tie("A", "B", last=START - 200 * DAY_US, started_by_a=9)
    one_sided = scores(plain("A"), plain("B"), old)
    assert one_sided["accepts_second"] < one_sided["accepts_first"]


def test_worth_is_zero_where_one_side_would_never_accept_whatever_the_other_thinks() -> None:
    assert BASE["mutual"] == pytest.approx(
        BASE["accepts_first"] * BASE["accepts_second"] / 1e6, abs=2
    )


def test_bridging_is_highest_at_moderate_overlap() -> None:
    gains = bridging(np.arange(30), best=4.0, floor=0.35)
    assert gains.argmax() == 4
    assert gains[4] == pytest.approx(1.0)
    assert gains[0] == pytest.approx(0.35)
    assert gains[29] < gains[10] < gains[4]


def test_crossing_sectors_is_worth_more() -> None:
    assert scores(plain("A"), plain("B", sector="housing"))["worth"] > BASE["worth"]


def test_who_waited_longer_has_a_greater_deficit() -> None:
    new = scores(plain("A", since=START), plain("B", since=START))
    waiting = scores(plain("A", since=START - 14 * DAY_US), plain("B", since=START))
    assert new["deficit"] < waiting["deficit"] < BASE["deficit"]


def test_a_deficit_is_carried_over_until_it_is_made_up() -> None:
    town = Town(rows(plain("A", weekly=2), member("C", weekly=2, level=3))).round()
    later = scores(plain("A", weekly=2), plain("B"), town=town)
    assert later["deficit"] < scores(plain("A", weekly=2), plain("B"))["deficit"]


def test_those_who_offer_help_get_noticed() -> None:
    assert scores(plain("A", offers={"o": "rotas"}), plain("B"))["generosity"] > 0


def test_those_who_were_asked_more_than_others_carry_more_load() -> None:
    town = Town(rows(plain("A", weekly=3), plain("C"))).round()
    assert scores(plain("A", weekly=3), plain("B"), town=town)["load"] > BASE["load"]


def test_setting_the_same_availability_again_every_day_does_not_end_the_wait() -> None:
    synced = plain("A")
    facts = synced.facts | {"availability": fact(synced.facts["availability"].value, START)}
    assert scores(Member("A", facts), plain("B"))["deficit"] == BASE["deficit"]


def test_whoever_had_no_time_until_lately_did_not_wait() -> None:
    back = plain("A", unavailable=True, since=START - DAY_US)
    early = {"available": fact(value=True, at=START - 60 * DAY_US)}
    returned = scores(Member("A", back.facts | early), plain("B"))
    assert returned["deficit"] == scores(plain("A", since=START - DAY_US), plain("B"))["deficit"]


def test_a_wished_sector_is_one_whatever_its_case() -> None:
    wished = scores(plain("A", wishes=((), ("HEALTH ",))), plain("B"))
    assert wished["accepts_first"] > BASE["accepts_first"]


def recomputed(suggestion: Suggestion) -> int:
    """Worth from the record of a round and the bytes of its policy alone, as docs/reasons.md has it."""
    weights = json.loads(policy.DEFAULT)["value"] | {"mentor": 1}
    told = suggestion.scores | {"cross_sector": 1_000_000 * suggestion.cross_sector}
    added = (
        "bridging", "structural_hole", "contrast", "cross_sector", "complement", "deficit",
        "generosity", "mentor",
    )  # fmt: skip
    parts = {name: round(weights[name] * 1_000_000) * told.get(name, 0) for name in added}
    gain = sum(parts.values()) - round(weights["load"] * 1_000_000) * told["load"]
    worth = told["mutual"] * (gain // 1_000_000) // 1_000_000
    return int(max(worth, 0))


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(0, 200), st.integers(0, 99))
def test_contributions_in_the_record_sum_to_the_worth_that_decided(
    people: int, ties: int, seed: int
) -> None:
    town = Town(locality(people, ties, seed)).round().round(8)
    for each in town.made:
        assert each.scores["worth"] == recomputed(each), each
