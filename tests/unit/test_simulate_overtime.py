"""Rounds of a locality over time: what is counted, who keeps their promises, and who does not."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from crosstie.cli import app
from crosstie.matching import policy
from crosstie.matching.base import Base
from crosstie.matching.model import Change
from crosstie.simulate.market.overtime import Season, Week, days, season, seasons, senior
from crosstie.simulate.market.rivals import RANKS, rival
from crosstie.simulate.rounds import Played, play
from crosstie.simulate.scenario import Scenario
from tests.unit.matching.towns import Town, member, rows

POLICY = policy.load(policy.DEFAULT)
ROUNDS = 4
SCENARIO = Scenario(members=80, days=days(ROUNDS))


@pytest.fixture(scope="module")
def found() -> dict[str, Season]:
    ways = {"crosstie": None, "product": rival(RANKS["product"])}
    return {each.way: each for each in seasons(SCENARIO, POLICY, ROUNDS, ways)}


def test_nobody_is_ever_given_more_than_they_have_time_for(found: dict[str, Season]) -> None:
    assert all(week.over == 0 and week.senior_load <= 1.0 for week in found["crosstie"].weeks)


def test_ranked_lists_flood_those_in_demand(found: dict[str, Season]) -> None:
    assert max(week.over for week in found["product"].weeks) > 0
    assert any("in hand" in each for each in found["product"].broken(POLICY))


def test_rounds_bring_more_agreement_than_ranked_lists(found: dict[str, Season]) -> None:
    assert found["crosstie"].agreed > 1.5 * found["product"].agreed


def test_what_is_live_crosses_sectors_as_the_policy_asks(found: dict[str, Season]) -> None:
    shares = [week.standing_cross_sector for week in found["crosstie"].weeks]
    assert min(shares) >= POLICY.quotas.cross_sector


def test_whoever_has_time_is_waiting_or_served_in_every_round(found: dict[str, Season]) -> None:
    played = [*play(SCENARIO, POLICY, every_days=7)][:ROUNDS]
    for week, each in zip(found["crosstie"].weeks, played, strict=True):
        members = (
            each.network.members[s] for s in each.network.subjects if each.network.eligible(s)
        )
        ready = [m for m in members if m.availability.introductions_per_week]
        assert sum(week.without.values()) == len(ready)


def test_the_most_senior_are_one_in_twenty() -> None:
    network = next(play(SCENARIO, POLICY)).network
    eligible = [each for each in network.subjects if network.eligible(each)]
    few = senior(network)
    assert len(few) == round(len(eligible) / 20)
    lowest = min(network.members[each].level or 0 for each in few)
    assert all((network.members[each].level or 0) <= lowest for each in {*eligible} - {*few})


def week(**counts: object) -> Week:
    fields = {
        "round": 1, "made": 10, "agreed": 5, "lonely": 1, "cross_sector": 1.0,
        "standing_cross_sector": 1.0, "senior_load": 1.0, "over": 0, "without": {},
    }  # fmt: skip
    return Week(**(fields | counts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("second", "broken"),
    [
        ({"agreed": 6}, []),
        ({"agreed": 5}, ["acceptance did not rise"]),
        ({"agreed": 6, "standing_cross_sector": 0.4}, ["cross-sector share was 40%, below 50%"]),
        (
            {"agreed": 6, "senior_load": 1.5},
            ["the most senior had more in hand than they have time for"],
        ),
        ({"agreed": 6, "over": 1}, ["somebody had more in hand than they have time for"]),
    ],
)
def test_a_broken_promise_is_named(second: dict[str, object], broken: list[str]) -> None:
    assert Season("ours", (week(), week(**second)), 0.0).broken(POLICY) == broken


def test_the_command_tells_every_way_and_exits_by_what_ours_promised() -> None:
    asked = ["simulate", "--market", "--people", "50", "--rounds", "2", "--json"]
    result = CliRunner().invoke(app, asked)
    told = json.loads(result.stdout)
    assert set(told["ways"]) == {"crosstie", *RANKS}
    assert len(told["ways"]["random"]["weeks"]) == 2
    assert result.exit_code == (1 if told["broken"] else 0)


def test_only_what_a_round_gives_counts_as_load() -> None:
    """Who lowers what they offer keeps what both accepted before."""
    town = Town(rows(member("A", weekly=2), member("B", weekly=2, sector="housing")))
    before = town.round()
    assert before.made
    after = before.with_rows(member("A", weekly=0), member("B", weekly=2, sector="housing"))

    def over(changes: tuple[Change, ...]) -> int:
        shown = Played(1, after.at, after.network, after.ledger, Base(), changes, {}, ())
        return season("ours", [shown], 1).weeks[0].over

    assert over(()) == 0
    assert over(before.changes) == 1, "given beyond what they offer, it is told"
