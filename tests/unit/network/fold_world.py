"""Events of two people, and what they fold to."""

from __future__ import annotations

from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.fold import fold_all
from crosstie.network.state import (
    Member,
    Row,
    Tie,
    member_key,
    tie_key,
)

ALMA, BORIS = "ALMA", "BORIS"
CONTACT = "org.crosstie.contact.made.v1"


def folded(events: list[Event]) -> dict[str, Row | None]:
    return fold_all({}, events)


def said(id: str, time: int, **fields: object) -> Event:
    data = f.Described(ALMA, **fields)  # type: ignore[arg-type]
    return Event("p", id, "org.crosstie.member.described.v1", time, member_key(ALMA), data)


def about_tie(id: str, type: str, data: f.Data, time: int = 1) -> Event:
    return Event("p", id, f"org.crosstie.{type}.v1", time, tie_key(ALMA, BORIS), data)


def alma_after(*events: Event) -> Member:
    row = folded(list(events))[member_key(ALMA)]
    assert isinstance(row, Member)
    return row


def tie_after(*events: Event) -> Tie:
    row = folded(list(events))[tie_key(ALMA, BORIS)]
    assert isinstance(row, Tie)
    return row


def fact_about(id: str, type: str, data: f.Data, time: int = 1) -> Event:
    return Event("p", id, f"org.crosstie.{type}.v1", time, member_key(ALMA), data)
