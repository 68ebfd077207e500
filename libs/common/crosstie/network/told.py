"""Rows as `network.v1` tells them: only what the fold could have written.

Whoever else wrote there must not stop who reads it: a level that is a word would end every round.
Numbers are bounded by the rows' own types; what a fact may hold stands here. Facts that this version
does not know pass, for it reads none of them.
"""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType, ValidationError
from msgspec.json import Decoder

from crosstie.network.facts import Level, Mentees, Mentors, PerWeek
from crosstie.network.state import Member, Row
from crosstie.network.wire import decode_row

T = TypeVar("T")
_Said = tuple[T, Any, Any, Any] | UnsetType
_Term = str | None
_Terms = tuple[str, ...]
_Time = tuple[PerWeek, Mentors, Mentees, _Terms, _Terms]
_ITEMS = ("need/", "offer/")


class _Facts(Struct):
    joined: _Said[bool] = UNSET
    consent: _Said[bool] = UNSET
    paused: _Said[bool] = UNSET
    level: _Said[Level | None] = UNSET
    availability: _Said[_Time | None] = UNSET
    interests: _Said[_Terms | None] = UNSET
    sector: _Said[_Term] = UNSET
    profession: _Said[_Term] = UNSET
    role: _Said[_Term] = UNSET
    organisation: _Said[_Term] = UNSET
    place: _Said[_Term] = UNSET
    reports_to: _Said[_Term] = UNSET


class _Known(Struct):
    facts: _Facts | UnsetType = UNSET


_known = Decoder(_Known)


def told_row(key: str, value: bytes) -> Row:
    """The row. Raises what UNREADABLE names, for bytes that the fold never writes."""
    row = decode_row(key, value)
    if isinstance(row, Member):
        _known.decode(value)
        for name, fact in row.facts.items():
            if name.startswith(_ITEMS) and not isinstance(fact.value, _Term):
                raise ValidationError("an item that is no text")
    return row
