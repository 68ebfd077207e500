"""A suggestion as it was decided and shown, and what the book finds wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import structs

from crosstie.events import Person
from crosstie.instants import to_rfc3339
from crosstie.matching.model import Change, Round, State
from crosstie.replay.history import History
from crosstie.replay.shown import Shown
from crosstie.replay.sources import Record
from crosstie.replay.tables import Snapshot
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged
from crosstie.suggestions import Shown as ShownMember
from tests.unit.replay.world import ANN, BOB, NOON, World, made, rounds, suggestion

PEOPLE = (Person(authority="staff", id=ANN.lower()), Person(authority="staff", id=BOB.lower()))
HOUR = 3_600_000_000  # between rounds
EXPIRED = Change(structs.replace(suggestion(), state="expired", seq=2), "expired")


def record(
    seq: int, state: Any, people: tuple[Person, ...] = PEOPLE, n: int = 0, **other: Any
) -> Record:
    """As matching publishes it of round `n`, by default the round whose number is `seq`."""
    fields: dict[str, Any] = {
        "suggestion": "s1",
        "round": 1,
        "kind": "introduction",
        "cross_sector": True,
    } | other
    members = [ShownMember(person=person, direction="across") for person in people]
    data = SuggestionChanged(seq=seq, state=state, members=members, **fields)
    headers = (
        ("ce_id", f"{data.suggestion}/{seq}".encode()),
        ("ce_type", SUGGESTION_TYPES[state].encode()),
        ("ce_time", to_rfc3339(NOON + (n or seq) * HOUR).encode()),
    )
    key, value = data.suggestion.encode(), data.model_dump_json().encode()
    return Record("suggestions.v1.intranet", 0, 0, 0, key, value, headers)


def differences(world: World, *records: Record, changes: Any = None) -> tuple[str, ...]:
    chain = rounds(*(changes if changes is not None else (made(suggestion()), (EXPIRED,))))
    return of(world, chain, intranet=records)


def of(
    world: World, chain: list[Round], snapshot: Snapshot | None = None, **topics: Iterable[Record]
) -> tuple[str, ...]:
    """The differences of these rounds and what each platform's topic holds."""
    shown = Shown()
    for platform, records in topics.items():
        shown.play(platform, records)
    return shown.close(History(chain), snapshot or world.snapshot(rounds=chain)).differences


def delivered(chain: list[Round], *delivery: dict[str, tuple[str, ...]]) -> list[Round]:
    """The same rounds, delivered to others; no digest covers that."""
    return [
        structs.replace(each, delivery=told) for each, told in zip(chain, delivery, strict=True)
    ]


def accepted(*by: str, seq: int) -> Change:
    state: State = "accepted" if len(by) == 2 else "open"
    return Change(structs.replace(suggestion(), state=state, seq=seq, accepted_by=by), "accepted")
