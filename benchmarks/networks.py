"""Seeded networks of any size as rows, the way they look once folded: people, texts, clustered ties."""

from __future__ import annotations

import random
from itertools import accumulate

import numpy as np

from crosstie.network.names import BITS, Names
from crosstie.network.packed import NEVER, Columns, PackedTies, packed
from crosstie.network.rows import Rows, Ties
from crosstie.network.state import Fact, Member, Row, member_key
from crosstie.network.strength import DAY_US

START = 1_700_000_000_000_000
SECTORS = ("health", "housing", "education", "prisons", "voluntary", "police", "councils", "care")
PROFESSIONS = ("nurse", "doctor", "manager", "teacher", "social worker", "officer", "analyst")
CHANNELS = ("met", "messaged", "called", "co-attended")
WORDS = 5_000  # in use; the n-th is used in proportion to 1 / (n + 10)
CIRCLE = 60  # people whose ties stay mostly among them


def network(people: int, ties: int, seed: int = 1) -> Rows:
    """`people` members and about `ties` ties, most of them within circles."""
    draw = random.Random(seed)
    names = [f"P{i:015d}" for i in range(people)]
    members = packed(_member(i, names, draw) for i in range(people)).members
    drawn = _ties(names, ties, seed)
    return Rows(members, Ties(drawn, size=len(drawn)))


def changed(rows: Rows, count: int, seed: int = 1) -> tuple[Rows, frozenset[str]]:
    """`rows` with a new need of `count` members, and who these are."""
    draw, changes = random.Random(seed), dict[str, Row]()
    chosen = draw.sample(sorted(rows.members), min(count, len(rows.members)))
    for subject in chosen:
        need = Fact(_text(draw), START, "bench", "changed")
        facts = rows.members[subject].facts | {"need/new": need}
        changes[member_key(subject)] = Member(subject, facts)
    return rows.after(changes), frozenset(chosen)


def come(rows: Rows, count: int, seed: int = 1) -> tuple[Rows, frozenset[str]]:
    """`rows` with `count` members more, who said what others did, and who these are."""
    draw, changes = random.Random(seed), dict[str, Row]()
    for like in draw.sample(sorted(rows.members), min(count, len(rows.members))):
        subject = f"{like[:7]}A{like[8:]}"  # among the others
        changes[member_key(subject)] = Member(subject, rows.members[like].facts)
    return rows.after(changes), frozenset(each.removeprefix("member/") for each in changes)


def _member(i: int, names: list[str], draw: random.Random) -> Member:
    since = START - draw.randrange(1, 200) * DAY_US
    level = min(1 + int(draw.expovariate(0.6)), 7)
    said = {
        "joined": True,
        "consent": True,
        "available": True,
        "availability": [
            draw.choice((0, 1, 2, 2, 3)),
            draw.choice((0, 0, 1)),
            draw.choice((0, 0, 2)) if level > 2 else 0,
            draw.choice(([], ["up"], ["down", "across"])),
            [draw.choice(SECTORS)] if draw.random() < 0.2 else [],
        ],
        "sector": SECTORS[i // CIRCLE % len(SECTORS)],
        "profession": draw.choice(PROFESSIONS),
        "role": f"role {draw.randrange(400)}",
        "place": f"place {draw.randrange(max(len(names) // 500, 6))}",
        "level": level,
        "reports_to": draw.choice(names) if level < 7 else None,
        "interests": [f"topic {draw.randrange(200)}" for _ in range(3)],
    }
    said |= {f"need/{n}": _text(draw) for n in range(draw.choice((0, 0, 1, 2)))}
    said |= {f"offer/{n}": _text(draw) for n in range(draw.choice((0, 0, 1, 2)))}
    return Member(
        names[i], {name: Fact(value, since, "bench", f"{i}/{name}") for name, value in said.items()}
    )


_WEIGHTS = list(accumulate(1 / (n + 10) for n in range(WORDS)))


def _text(draw: random.Random) -> str:
    return " ".join(
        f"word{n}"
        for n in draw.choices(range(WORDS), cum_weights=_WEIGHTS, k=draw.randrange(4, 13))
    )


def _ties(names: list[str], wanted: int, seed: int) -> PackedTies:
    """Three of four ties within a circle, the others anywhere; a few people have very many."""
    draw, people = np.random.default_rng(seed), len(names)
    one = (people * draw.random(2 * wanted) ** 1.3).astype(np.int64)
    near = one // CIRCLE * CIRCLE + draw.integers(0, CIRCLE, 2 * wanted)
    far = draw.integers(0, people, 2 * wanted)
    other = np.where(draw.random(2 * wanted) < 0.75, near, far) % people
    low, high = np.minimum(one, other), np.maximum(one, other)
    del one, other, near, far
    keys = np.unique((low * people + high)[low < high])
    del low, high
    keys = np.sort(draw.permutation(keys)[:wanted])
    days, times = draw.exponential(60, len(keys)), draw.integers(1, 10, len(keys))
    channel, alone = draw.integers(0, len(CHANNELS), len(keys)), draw.random(len(keys)) < 0.1
    last = START - (days * DAY_US).astype(np.int64)
    known = Names(names, {name: i for i, name in enumerate(names)})
    mixes = [[known.of_mix({way: count}) for count in range(10)] for way in CHANNELS]
    columns = Columns(
        key=(keys // people) << BITS | keys % people,
        strength=times.astype(np.float64),
        since=last,
        first=last - times * DAY_US,
        last=last,
        last_met=np.where(alone, NEVER, last),
        by_a=(times // 2).astype(np.int32),
        by_b=np.where(times % 3, times - times // 2, 0).astype(np.int32),
        mix=np.array(mixes, dtype=np.int32)[channel, times],
        blocked=np.zeros(len(keys), dtype=np.bool_),
        replied=np.zeros(len(keys), dtype=np.bool_),
    )
    return PackedTies(known, columns, {})
