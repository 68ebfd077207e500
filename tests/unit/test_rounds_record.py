"""Rounds as records of `rounds.v1`, and the chain they form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crosstie.errors import LogGap
from crosstie.matching import record
from crosstie.matching.model import Change, Round, Suggestion
from crosstie.matching.serve import changed_members
from crosstie.network.state import Member, Row, Tie, member_key, tie_key


def round_of(n: int, previous: str = "", suggestions: int = 0) -> Round:
    changes = tuple(
        Change(
            Suggestion(
                id=f"{n:016d}{i:016d}",
                kind="introduction",
                members=(f"A{i}", f"B{i}"),
                directions=("up", "down"),
                cross_sector=True,
                round=n,
                made_at=n,
                expires_at=n + 1,
            ),
            "made",
        )
        for i in range(suggestions)
    )
    bare = Round(
        n=n,
        at=n,
        full=False,
        seed=record.seed("test", n),
        offsets=(1, 2),
        policy="p",
        base="b",
        code="c",
        fingerprint="f",
        previous=previous,
        digest="",
        changes=changes,
    )
    return record.chained(bare)


def history(rounds: int) -> list[Round]:
    made: list[Round] = []
    for n in range(1, rounds + 1):
        made.append(round_of(n, made[-1].digest if made else "", suggestions=n))
    return made


@given(st.lists(st.integers(0, 3000), max_size=3))
def test_rounds_of_any_size_join_to_what_was_split(sizes: list[int]) -> None:
    rounds = [round_of(n, suggestions=size) for n, size in enumerate(sizes, 1)]
    records = [each for round in rounds for each in record.split(round)]
    assert list(record.joined(records)) == rounds
    assert all(len(each.value) <= record.PART_BYTES for each in records)


def test_a_big_round_is_split_into_numbered_parts() -> None:
    first, *_, last = record.split(round_of(7, suggestions=6000))
    assert (first.key, dict(first.headers)) == (b"7/1", {"part": b"1/3"})
    assert (last.key, dict(last.headers)) == (b"7/3", {"part": b"3/3"})


def test_a_reader_that_begins_inside_a_round_begins_with_the_next() -> None:
    records = [*record.split(round_of(1, suggestions=6000))[1:], *record.split(round_of(2))]
    assert [each.n for each in record.joined(records)] == [2]


def test_a_round_that_lacks_a_part_is_none() -> None:
    first, _, last = record.split(round_of(1, suggestions=6000))
    assert list(record.wholes([first, last])) == []
    assert list(record.wholes([first])) == []
    after = [round_of(n) for n in (2, 3)]
    found = record.joined([first, *(each for round in after for each in record.split(round))])
    with pytest.raises(LogGap, match="from round 0 to round 2"):
        list(record.following(found, 0, ""))


def test_parts_that_nobody_ends_stand_in_nobodys_way() -> None:
    one, two = round_of(1, suggestions=6000), round_of(2, suggestions=6000)
    stray = record.Record(b"9/1", b"{", (("part", b"1/2"),))
    parts = [record.Record(b"1/1", b"{", (("part", b"1/3"),)), *record.split(one)]
    told = [each for part in (*parts, *record.split(two)) for each in (stray, part)]
    assert list(record.joined(told)) == [one, two]


def test_delivery_is_beside_the_digest() -> None:
    plain = round_of(1, suggestions=1)
    told = structs.replace(plain, delivery={"x": ("intranet",)}, delivery_at=1)
    assert record.digest(told) == plain.digest
    assert record.digest(structs.replace(plain, at=2)) != plain.digest


def test_what_follows_a_round_is_checked_against_it() -> None:
    rounds = history(4)
    assert list(record.following(rounds, 2, rounds[1].digest)) == rounds[2:]
    assert list(record.following(rounds, 0, "")) == rounds


def test_what_bears_no_digest_of_its_own_or_comes_again_is_not_genuine() -> None:
    first, second, third = history(3)
    forged = structs.replace(third, n=4, previous=third.digest)
    told = [first, second, first, second, third, forged, second]
    assert list(record.genuine(told)) == [first, second, third]


@pytest.mark.parametrize(
    "broken",
    [
        lambda rounds: [rounds[0], rounds[2]],
        lambda rounds: [rounds[0], round_of(2, "another past")],
        lambda rounds: [rounds[0], structs.replace(rounds[1], at=99)],
    ],
    ids=["missing", "forked", "altered"],
)
def test_another_history_is_a_gap(broken: Callable[[list[Round]], list[Round]]) -> None:
    with pytest.raises(LogGap):
        list(record.following(broken(history(3)), 0, ""))


def test_both_ends_of_a_changed_tie_are_served_and_nobody_else() -> None:
    same: dict[str, Row] = {member_key("A"): Member("A"), tie_key("A", "B"): Tie("A", "B")}
    after = same | {tie_key("B", "C"): Tie("B", "C"), member_key("D"): Member("D")}
    assert changed_members(same, after) == {"B", "C", "D"}
    assert changed_members(after, same) == {"B", "C", "D"}
    assert changed_members({tie_key("A", "B"): None}, same, [tie_key("A", "B")]) == {"A", "B"}
    assert changed_members(same, dict(same)) == frozenset()


def test_digests_and_seeds_of_rounds_stay_through_upgrades() -> None:
    plain = round_of(3, "the one before", suggestions=1)
    assert plain.digest == "2e467a854991f73f3556d922c282e99abe50dcea3a0dbf3a62d1abcd916f80c5"
    assert record.digest(structs.replace(plain, digest="another")) == plain.digest
    assert record.seed("test", 1) == 767721211282302336
    assert record.seed("test", 1) != record.seed("other", 1)
    assert all(0 <= record.seed("test", n) < 2**63 for n in range(100))
    assert any(record.seed("test", n) >= 2**62 for n in range(100))


def test_a_round_as_large_as_a_part_may_be_is_one_record() -> None:
    short = len(record.encode(round_of(1)))
    whole = structs.replace(round_of(1), code="c" * (record.PART_BYTES - short + 1))
    (only,) = record.split(whole)
    assert len(only.value) == record.PART_BYTES
    assert (only.key, only.headers) == (b"1", ())
    larger = structs.replace(whole, code=whole.code + "c")
    assert [len(each.value) for each in record.split(larger)] == [record.PART_BYTES, 1]


@pytest.mark.parametrize(
    ("key", "number"),
    [
        (b"7", 7),
        (b"12/1", 12),
        (b"3/40", 3),
        (b"0", 0),
        (b"07", 0),
        (b"x", 0),
        (b"7/0", 0),
        (b"", 0),
    ],
)
def test_a_key_says_which_round_it_is_of(key: bytes, number: int) -> None:
    assert record.number_of(key) == number


def test_a_key_of_a_part_without_its_header_is_no_round() -> None:
    (whole,) = record.split(round_of(1))
    assert list(record.joined([record.Record(b"1/1", whole.value), whole])) == [round_of(1)]
    numbered = record.Record(b"1", whole.value, (("part", b"1/1"),))
    assert list(record.joined([numbered])) == []
    other = record.Record(b"1", whole.value, (("trace", b"x"),))
    assert list(record.joined([other])) == [round_of(1)]


def test_a_gap_says_between_which_rounds_it_is() -> None:
    first, second, third = history(3)
    with pytest.raises(LogGap, match="from round 1 to round 3"):
        list(record.following([first, third], 0, ""))
    forked = round_of(2, "another past")
    with pytest.raises(LogGap, match=r"round 2 of rounds\.v1 does not follow from round 1"):
        list(record.following([first, forked], 0, ""))
    assert list(record.following([second, third], 1, first.digest)) == [second, third]
