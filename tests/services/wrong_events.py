"""A seeded stream of wrong events, as bytes: each of them must be refused, whatever it breaks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from tests.services.ingestion_world import event, joined, met, person

Mutation = Callable[[random.Random, dict[str, Any]], bytes]

ODD_VALUES: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, 1e300, "", " ", "x" * 300, "\u0000", "\ud800", [], {}, [[]],
    {"a": 1}, "2026-01-05", "9999-99-99T99:99:99Z", "NaN", "null", "'; DROP TABLE x", "../..",
]  # fmt: skip


def _good(rng: random.Random) -> dict[str, Any]:
    return rng.choice(
        [
            joined("ada"),
            met("ada", "bob"),
            event("member.described", {"member": person("ada"), "level": 3, "sector": "health"}),
            event("need.posted", {"member": person("ada"), "item": "n1", "text": "help"}),
            event("gathering.held", {"members": [person("ada"), person("bob"), person("cy")]}),
        ]
    )


def _without(rng: random.Random, good: dict[str, Any]) -> bytes:
    del good[rng.choice(["specversion", "id", "source", "type", "time", "data"])]
    return _json(good)


def _odd_attribute(rng: random.Random, good: dict[str, Any]) -> bytes:
    name = rng.choice(["specversion", "source", "type", "time", "data"])
    good[name] = rng.choice(ODD_VALUES)
    return _json(good)


def _odd_id(rng: random.Random, good: dict[str, Any]) -> bytes:
    good["id"] = rng.choice(["", "x" * 257, "\n", "\u0000", "a\u0085", "\ud800", 7, None, [], {}])
    return _json(good)


def _odd_field(rng: random.Random, good: dict[str, Any]) -> bytes:
    good["data"][rng.choice(["surprise", "Member", "member ", "\ud800", "\u0000", ""])] = 1
    return _json(good)


def _odd_person(rng: random.Random, good: dict[str, Any]) -> bytes:
    wrong = rng.choice(
        [
            {"authority": "members"},
            {"id": "ada"},
            {"authority": "members", "id": ""},
            {"authority": "members", "id": "a b"},
            {"authority": "members", "id": "x" * 129},
            {"authority": "Members", "id": "ada"},
            {"authority": "members", "id": "ada", "name": "Ada"},
            {"authority": "members", "id": 7},
            {"authority": "others", "id": "ada"},
            "ada",
            None,
        ]
    )
    data = {"member": wrong, "consent": True}
    return _json(good | {"type": "org.crosstie.member.joined.v1", "data": data})


def _odd_tie(rng: random.Random, good: dict[str, Any]) -> bytes:
    ada, bob = person("ada"), person("bob")
    data = rng.choice(
        [
            {"members": [ada, ada], "channel": "met"},
            {"members": [ada], "channel": "met"},
            {"members": [ada, bob, person("cy")], "channel": "met"},
            {"members": [ada, bob], "channel": "telepathy"},
            {"members": [ada, bob], "channel": "met", "weight": 0},
            {"members": [ada, bob], "channel": "met", "weight": "1"},
            {"members": [ada, bob], "channel": "met", "weight": 10**400},
            {"members": [ada, bob], "channel": "met", "started_by": person("cy")},
            {"members": [person("a", "x"), person("b", "y")], "channel": "met"},
        ]
    )
    return _json(good | {"type": "org.crosstie.contact.made.v1", "data": data})


def _bad_time(rng: random.Random, good: dict[str, Any]) -> bytes:
    good["time"] = rng.choice(
        [
            "2999-01-01T00:00:00Z", "2026-01-05T09:00:00", "2026-02-30T09:00:00Z",
            "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-05 09:00:00Z",
            "2026-W01-1T00:00:00Z", "２０２６-01-05T09:00:00Z", 1767603600, "2026-01-05T24:00:00Z",
            "2026-01-05T09:00:00+24:00",
        ]
    )  # fmt: skip
    return _json(good)


def _number(rng: random.Random, good: dict[str, Any]) -> bytes:
    number = rng.choice(["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-" + "9" * 40])
    return _json(good).replace(b'"data": {', b'"data": {"x": ' + number.encode() + b", ")


def _doubled(rng: random.Random, good: dict[str, Any]) -> bytes:
    name = rng.choice(["id", "type", "data", "source"])
    return b"{" + json.dumps(name).encode() + b": 1, " + _json(good)[1:]


def _deep(rng: random.Random, good: dict[str, Any]) -> bytes:
    depth = rng.choice([33, 200, 2_000])
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    nested = opening * depth + b"1" + closing * depth
    return _json(good).replace(b'"data": {', b'"data": {"x": ' + nested + b", ")


def _bad_utf8(rng: random.Random, good: dict[str, Any]) -> bytes:
    broken = rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"])
    return _json(good).replace(b"ada", b"a" + broken) if b"ada" in _json(good) else broken


def _raw_control(rng: random.Random, good: dict[str, Any]) -> bytes:
    return _json(good).replace(b"1.0", b"1.0" + rng.choice([b"\x00", b"\x1f", b"\t"]))


def _not_an_event(rng: random.Random, _: dict[str, Any]) -> bytes:
    return _json(rng.choice([*ODD_VALUES, ["x"], "x"]))


MUTATIONS: list[Mutation] = [
    _without, _odd_attribute, _odd_id, _odd_field, _odd_person, _odd_tie, _bad_time, _number,
    _doubled, _deep, _bad_utf8, _raw_control, _not_an_event,
]  # fmt: skip


def wrong(rng: random.Random) -> bytes:
    """One wrong event: brackets and quotes match, and there is no line break in it."""
    return rng.choice(MUTATIONS)(rng, _good(rng))


def garbage(rng: random.Random) -> bytes:
    """Bytes that are no JSON of an event at all: cut off, or random."""
    good = _json(_good(rng))
    if rng.random() < 0.5:
        return good[: rng.randrange(len(good))]
    return rng.randbytes(rng.randrange(200))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
