from __future__ import annotations

import pytest

from crosstie.matching import base
from crosstie.matching.market import market
from crosstie.matching.prepared import Prepared
from crosstie.matching.why import why_none
from crosstie.network.state import Row
from tests.unit.matching.towns import POLICY, Town, fact, member, rows, tie


def why(town: Town, subject: str = "A") -> str:
    network, ledger, at = town.network, town.ledger, town.at
    shown = Prepared.of(network).shown(base.fit(network, POLICY, at), at)
    serve = frozenset((subject,))
    trade = market(network, ledger, POLICY, *shown, at=at, seed=1, serve=serve)
    return why_none(network, ledger, POLICY, subject, at, trade)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ([], "not a member"),
        ([member("A", joined=False)], "not a member"),
        ([member("A", consent=False)], "no consent to suggestions"),
        ([member("A", paused=True)], "paused"),
        (
            [member("A", weekly=0)],
            "no availability set: say how many introductions a week, or which mentoring",
        ),
        ([member("A")], "no one within reach: nobody else may be suggested yet"),
        (
            [member("A"), member("B", weekly=0)],
            "no one within reach: one person is full or without time until 2023-11-15",
        ),
        (  # a slot for something that they do not want is none
            [member("A"), member("B", weekly=0, mentees=2)],
            "no one within reach: one person is full or without time until 2023-11-15",
        ),
        (
            [member("A"), member("B"), tie("A", "B")],
            "no one within reach: of one person with time you have met 1, and 0 may not be suggested yet",
        ),
        (
            [member("A"), member("B"), tie("A", "B", contacts=0, blocked_by_b=fact(value=True))],
            "no one within reach: of one person with time you have met 0, and 1 may not be suggested yet",
        ),
    ],
)
def test_there_is_a_reason(stated: list[Row], reason: str) -> None:
    town = Town(rows(*stated)).round()
    assert town.made == []
    assert why(town) == reason


def test_whoever_is_served_reads_when_the_next_slot_is_free() -> None:
    town = Town(rows(member("A", weekly=1), member("B", weekly=1))).round()
    assert why(town) == "every slot is in use until 2023-11-21"


def test_a_pair_that_rests_is_told_so() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    declined = town.answered(town.made[0], (1, "declined")).round(10)
    assert why(declined) == (
        "no one within reach: of one person with time you have met 0, and 1 may not be suggested yet"
    )


def test_nobody_tells_a_block_from_a_decline() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    declined = town.answered(town.made[0], (1, "declined")).round(10)
    blocked = town.with_rows(tie("A", "B", contacts=0, blocked_by_b=fact(value=True))).round(10)
    assert blocked.causes == ["withdrawn:blocked"]
    assert why(declined) == why(blocked)
