"""Seeded events, sound and spoiled: every type, its tree and its bytes changed in small ways.

An event that keeps its id names its number, `f7` for the seventh, so that it is found again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from crosstie.contracts.samples import DATA, cloudevent
from crosstie.events import ERASED
from tests.services.ingestion_world import SOURCE
from tests.services.wrong_events import ODD_VALUES, garbage, wrong

TYPES = sorted(DATA.keys() - {ERASED})  # an erasure would refuse what is sound of the same people
PEOPLE = 500
TOKENS = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u0000", b"\\ud800", b"null", b"NaN", b"1e999",
    b"-0", b"\x00", b"\xff", b"\xc0\x80", b"\xe2\x80\xa8", b"\n", b"\r\n", b" ", b"9" * 30, b"[" * 40,
    b'"id":', b'"data":', b'"type":', b"\xef\xbb\xbf", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
]  # fmt: skip
ODD = [*ODD_VALUES, "\ud83d\ude00", "a\u0301", "\u202e", "ﬀ", -0.0, 2**53, [1] * 30, {"": {"": {}}}]


def sound(rng: random.Random, number: int | str) -> dict[str, Any]:
    """An event that the platform `members` may send."""
    event = deepcopy(cloudevent(rng.choice(TYPES)))
    text = json.dumps(event["data"]).replace('"staff"', '"members"')
    for each in ("p-104", "p-271", "p-033"):
        text = text.replace(f'"{each}"', f'"{each}.{rng.randrange(PEOPLE)}"')
    return event | {"id": f"f{number}", "source": SOURCE, "data": json.loads(text)}


def event_text(rng: random.Random, number: int | str) -> bytes:
    """One event as bytes: a quarter of them sound."""
    return rng.choices(WAYS, weights=(25, 35, 25, 10, 5))[0](rng, number)


def _sound(rng: random.Random, number: int | str) -> bytes:
    return json.dumps(sound(rng, number)).encode()


def _changed(rng: random.Random, number: int | str) -> bytes:
    event = sound(rng, number)
    for _ in range(rng.randint(1, 3)):
        _change(rng, event)
    return json.dumps(event, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")


def _change(rng: random.Random, event: dict[str, Any]) -> None:
    """One place of the tree: replaced, removed, renamed or moved deeper."""
    holder, place = rng.choice(list(_places(event)))
    kind = rng.randrange(4)
    if kind == 0:
        holder[place] = deepcopy(rng.choice(ODD))
    elif kind == 1:
        del holder[place]
    elif kind == 2 and isinstance(holder, dict):
        holder[rng.choice(["Id", "", "x" * 200, "ce_id", "data_base64", "~/", "\ud800"])] = (
            holder.pop(place)
        )
    else:
        value = holder[place]
        for _ in range(rng.choice([1, 3, 31, 40])):
            value = [value] if rng.random() < 0.5 else {"a": value}
        holder[place] = value


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        places = value if isinstance(value, dict) else range(len(value))
        for place in list(places):
            yield value, place
            yield from _places(value[place])


def _damaged(rng: random.Random, number: int | str) -> bytes:
    return damaged(rng, _sound(rng, number))


def damaged(rng: random.Random, text: bytes) -> bytes:
    """`text` with a few bytes changed, lost, doubled or put in."""
    found = bytearray(text)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            found[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            del found[at : at + rng.choice([1, 2, 20])]
        elif kind == 3:
            found[at:at] = found[at : at + rng.choice([1, 10, 100])]
        else:
            del found[rng.randrange(len(found) + 1) :]
    return bytes(found)


WAYS: list[Callable[[random.Random, int | str], bytes]] = [
    _sound,
    _changed,
    _damaged,
    lambda rng, _: wrong(rng),
    lambda rng, _: garbage(rng),
]
