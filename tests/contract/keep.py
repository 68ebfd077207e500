"""Keeps an example of what is not kept yet; never writes over one: old records decode for ever.

`python tests/contract/keep.py` after a type is registered. Samples are those of the documents.
"""

from __future__ import annotations

import base64
import json
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from crosstie import instants, logrecord
from crosstie.contracts import samples, suggested
from crosstie.events import ERASED, EVENT_TYPES, Person
from crosstie.matching import record
from crosstie.matching.model import Change, Reason, Round, Suggestion
from crosstie.network import wire
from crosstie.network.fold import fold
from crosstie.network.state import Fact, Member, Reply, Row, Tie, member_key, tie_key
from crosstie.network.strength import Strength
from crosstie.sealing import seal
from crosstie.suggestions import SUGGESTION_TYPES
from crosstie.translation import translate

HERE = Path(__file__).parent / "examples"
EVENTS = HERE / "v1"
CONTACT = "org.crosstie.contact.made.v1"
SUBJECTS = {
    Person(**person): subject
    for person, subject in (
        (samples.PRIYA, "A2B3C4D5E6F7G2H3"),
        (samples.TOM, "J4K5L6M7N2O3P4Q5"),
        (samples.AISHA, "R6S7T2U3V4W5X6Y7"),
    )
}
DATA_KEYS = {
    subject: blake2b(subject.encode(), digest_size=32).digest() for subject in SUBJECTS.values()
}


def keep(path: Path, example: Any) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(example, indent=2, ensure_ascii=False) + "\n")


def event(type_name: str) -> dict[str, Any]:
    outside = samples.cloudevent(type_name)
    records = [_logged(*each) for each in _inside(outside)]
    return {"outside": outside, "log": records, "rows": _rows(records)}


def _inside(outside: dict[str, Any]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(source, id, type, data) of what ingestion appends to the log."""
    data = EVENT_TYPES[outside["type"]].model[Person].model_validate(outside["data"])
    said = translate(data, SUBJECTS)
    if EVENT_TYPES[outside["type"]].about != "gathering":
        return [(outside["source"], outside["id"], outside["type"], said)]
    weight = 1 / (len(said["members"]) - 1)
    return [
        (
            outside["source"],
            f"{outside['id']}/{a}/{b}",
            CONTACT,
            {"members": [a, b], "channel": "co-attended", "weight": weight},
        )
        for a, b in combinations(sorted(said["members"]), 2)
    ]


def _logged(source: str, id: str, type_name: str, data: dict[str, Any]) -> dict[str, Any]:
    about_member = EVENT_TYPES[type_name].about == "member"
    sealed = about_member and type_name != ERASED
    value = msgspec.json.encode(data)
    if sealed:
        value = seal(value, DATA_KEYS[data["member"]], source, id)
    time = instants.from_rfc3339(samples.TIME)
    headers = logrecord.headers(source, id, type_name, time, sealed=sealed)
    return {
        "key": member_key(data["member"]) if about_member else tie_key(*data["members"]),
        "headers": [[name, text.decode()] for name, text in headers],
        "value_base64": base64.b64encode(value).decode(),
    }


def _rows(records: list[dict[str, Any]]) -> dict[str, str | None]:
    rows: dict[str, Row | None] = {}
    for each in records:
        headers = [(name, text.encode()) for name, text in each["headers"]]
        head = logrecord.head_of(
            each["key"].encode(), base64.b64decode(each["value_base64"]), headers
        )
        opened = logrecord.opened(head, DATA_KEYS)
        rows[opened.key] = fold(rows.get(opened.key), opened)
    return {key: None if row is None else wire.encode(row).decode() for key, row in rows.items()}


def network_rows() -> list[dict[str, str]]:
    a, b, c = sorted(DATA_KEYS)
    stamp = (1_772_443_800_000_000, "/intranet", "e-1")
    member = Member(
        a,
        {
            "availability": Fact([2, 1, 1, ["up"], ["housing"]], *stamp),
            "available": Fact(True, *stamp),
            "consent": Fact(True, *stamp),
            "interests": Fact(["homelessness"], *stamp),
            "joined": Fact(True, *stamp),
            "level": Fact(4, *stamp),
            "need/post-81": Fact("Who has solved this?", *stamp),
            "offer/post-82": Fact(None, *stamp),
            "paused": Fact(False, *stamp),
            "reports_to": Fact(c, *stamp),
            "sector": Fact("health", *stamp),
        },
    )
    tie = Tie(
        a,
        b,
        strength=Strength(2.5, stamp[0]),
        contacts={"called": 1, "met": 2},
        started_by_a=1,
        started_by_b=2,
        first=stamp[0] - 86_400_000_000,
        last=stamp[0],
        last_met=stamp[0],
        blocked_by_a=Fact(False, *stamp),
        replies=(Reply(*stamp, samples.SUGGESTION, a, "accepted"),),
    )
    mark = wire.Mark(1204, stamp[0])
    return [
        {"key": member_key(a), "value": wire.encode(member).decode()},
        {"key": tie_key(a, b), "value": wire.encode(tie).decode()},
        {"key": wire.MARK_KEY, "value": wire.encode(mark).decode()},
    ]


def rounds() -> list[dict[str, Any]]:
    a, b, c = sorted(DATA_KEYS)
    made = Suggestion(
        id=samples.SUGGESTION,
        kind="introduction",
        members=(a, b),
        directions=("across", "across"),
        cross_sector=True,
        round=1,
        made_at=1_772_443_800_000_000,
        expires_at=1_773_653_400_000_000,
        reasons=(Reason("mutual-contacts", 1, (c,)),),
        gives=((), (Reason("offer-meets-need", 412_000, ("post-82", "post-81")),)),
        mutual=(c,),
        scores={"affinity": 412_000},
        sources=("needs-offers",),
        policy="9d1f6c0e",
    )
    first = record.chained(
        Round(
            n=1,
            at=made.made_at,
            full=True,
            seed=record.seed("local", 1),
            offsets=(0, 3, *([0] * 10)),
            policy="9d1f6c0e",
            base="none",
            code="0.1.0",
            fingerprint="none",
            previous="",
            digest="",
            changes=(Change(made, "made"),),
            notes={"candidates": 3},
            delivery={made.id: ("intranet",)},
        )
    )
    closed = msgspec.structs.replace(made, state="expired", seq=2)
    second = msgspec.structs.replace(
        first, n=2, full=False, seed=record.seed("local", 2), previous=first.digest, digest=""
    )
    second = record.chained(
        msgspec.structs.replace(second, changes=(Change(closed, "expired"),), notes={}, delivery={})
    )
    return [
        {"key": each.key.decode(), "value": each.value.decode()}
        for body in (first, second)
        for each in record.split(body)
    ]


def suggestion(state: str, type_name: str) -> dict[str, Any]:
    data = suggested.suggestion_changed(state)
    return {
        "key": samples.SUGGESTION,
        "headers": [
            ["ce_specversion", "1.0"],
            ["ce_id", f"{samples.SUGGESTION}/{data['seq']}"],
            ["ce_source", "crosstie/local"],
            ["ce_type", type_name],
            ["ce_time", samples.TIME],
            ["content-type", "application/json"],
        ],
        "value": data,
    }


def main() -> None:
    people = [
        {**person.model_dump(), "subject": subject, "data_key": DATA_KEYS[subject].hex()}
        for person, subject in SUBJECTS.items()
    ]
    keep(HERE / "people.json", people)
    for name in EVENT_TYPES:
        keep(EVENTS / f"{name}.json", event(name))
    for state, name in SUGGESTION_TYPES.items():
        keep(EVENTS / f"{name}.json", suggestion(state, name))
    keep(EVENTS / "network.json", network_rows())
    keep(EVENTS / "rounds.json", rounds())


if __name__ == "__main__":
    main()
