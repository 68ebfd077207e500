"""Which of the rounds that PostgreSQL keeps a topic holds already, and what is no start to go on from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from msgspec import structs

from crosstie.errors import LogGap, Misconfigured
from crosstie.matching import record
from crosstie.replay.sources import Record
from services.matching.restoring import continued, followed
from tests.unit.test_rounds_record import history, round_of

ROUNDS = history(3)
BIG = record.chained(
    structs.replace(round_of(4, ROUNDS[-1].digest, suggestions=6000), delivery_at=1)
)
BODIES = [record.encode(each) for each in (*ROUNDS, BIG)]
TOPIC = [
    Record("rounds.v1", 0, offset, 0, each.key, each.value, each.headers)
    for offset, each in enumerate(r for n, body in enumerate(BODIES, 1) for r in record.parts(n, body))
]  # fmt: skip
LAST = len(BODIES)
ANEW = "delete the topic, make it again with `crosstie topics create`, and begin again"


async def _each(of: Sequence[bytes] | Sequence[Record], told: list[int]) -> AsyncIterator[object]:
    for each in of:
        yield each
    told.append(len(of))


async def there(records: Sequence[Record], bodies: Sequence[bytes] = BODIES) -> int:
    """How many rounds these are; all that PostgreSQL has was looked at, whatever is found."""
    told: list[int] = []
    kept, these = _each(bodies, told), _each(records, [])
    try:
        return await continued(these, kept, len(bodies))  # type: ignore[arg-type]
    finally:
        assert told == [len(bodies)]


def test_the_parts_of_a_rounds_bytes_are_those_it_was_published_as() -> None:
    assert len(TOPIC) == 6
    for round, body in zip((*ROUNDS, BIG), BODIES, strict=True):
        assert record.parts(round.n, body) == record.split(round)


@pytest.mark.parametrize(("records", "rounds"), [(0, 0), (1, 1), (3, 3), (6, 4)])
async def test_a_topic_that_ends_early_goes_on_after_its_last_round(
    records: int, rounds: int
) -> None:
    assert await there(TOPIC[:records]) == rounds


async def test_what_comes_after_the_last_round_of_postgresql_is_left_to_matching() -> None:
    assert await there(TOPIC, BODIES[:3]) == 3
    assert await there(TOPIC, []) == 0


def _other(index: int, **fields: object) -> list[Record]:
    return [structs.replace(each, **fields) if i == index else each for i, each in enumerate(TOPIC)]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (TOPIC[1:], "something else than round 1 at offset 1"),
        ([TOPIC[0], *TOPIC[2:]], "something else than round 2 at offset 2"),
        ([TOPIC[0], *TOPIC], "something else than round 2 at offset 0"),
        ([*TOPIC[:3], *TOPIC[4:]], "something else than round 4 at offset 4"),
        (_other(1, value=b"{}"), "something else than round 2 at offset 1"),
        (_other(1, key=b"3"), "something else than round 2 at offset 1"),
        (_other(1, key=None), "something else than round 2 at offset 1"),
        (_other(1, headers=(("x", b""),)), "something else than round 2 at offset 1"),
        (TOPIC[:5], "ends within round 4"),
    ],
    ids=["cut", "a hole", "twice", "a part", "bytes", "a key", "no key", "headers", "half a round"],
)
async def test_what_is_not_the_first_rounds_as_they_were_is_to_be_made_again(
    records: list[Record], said: str
) -> None:
    with pytest.raises(Misconfigured, match=said) as found:
        await there(records)
    assert str(found.value).endswith(f"PostgreSQL has all rounds up to {LAST}: {ANEW}")


async def test_nobody_is_told_to_delete_rounds_that_postgresql_lacks() -> None:
    with pytest.raises(Misconfigured) as found:
        await there(TOPIC[1:], BODIES[:3])
    assert "PostgreSQL has rounds up to 3, the topic up to 4: restore it from your copy" in str(
        found.value
    )
    assert "delete" not in str(found.value)


def test_rounds_of_the_table_are_followed_to_their_last() -> None:
    assert followed(BODIES, 0, "") == (LAST, BIG.digest)
    assert followed(BODIES[2:], 2, ROUNDS[1].digest) == (LAST, BIG.digest)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda bodies: [bodies[0], bodies[2]], "matching.rounds goes from round 1 to round 3; "),
        (lambda bodies: bodies[1:], "matching.rounds goes from round 0 to round 2; "),
        (
            lambda bodies: [bodies[0], bodies[1].replace(b'"at":2', b'"at":3')],
            "round 2 of matching.rounds does not follow from round 1; ",
        ),
        (lambda bodies: [bodies[0], b"{"], "matching.rounds: what follows round 1 is no round"),
    ],
    ids=["a hole", "no first", "altered", "damaged"],
)
def test_a_table_that_is_not_whole_restores_nothing(
    broken: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    with pytest.raises(LogGap) as found:
        followed(broken(BODIES), 0, "")
    assert str(found.value).startswith(said)
    assert "restore it from your copy" in str(found.value)
