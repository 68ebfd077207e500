"""Packed rows: what is put in is what comes out, to the byte, whatever was changed on the way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from crosstie import layered
from crosstie.matching.contacts import Contacts
from crosstie.network import packed as packing
from crosstie.network import rows as layers
from crosstie.network.packed import packed
from crosstie.network.rows import Rows
from crosstie.network.state import Fact, Member, Reply, Row, Tie, key_of, member_key, tie_key
from crosstie.network.strength import Strength
from crosstie.network.view import Network
from crosstie.network.wire import encode
from crosstie.pairing import Others

PEOPLE = [f"P{n}" for n in range(7)]
TIMES = st.integers(-(2**62), 2**62)

replies = st.builds(
    Reply, TIMES, st.just("s"), st.sampled_from("xyz"), st.just("1"), st.just("P0"), st.just("met")
)
blocks = st.none() | st.builds(Fact, st.booleans(), TIMES, st.just("s"), st.just("i"))
contacts = st.dictionaries(
    st.sampled_from(("met", "called", "shared")), st.integers(1, 3), max_size=3
)


@st.composite
def ties(draw: st.DrawFn) -> Tie:
    a, b = sorted(draw(st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=2, unique=True)))
    when = st.none() | TIMES
    return Tie(
        a,
        b,
        Strength(draw(st.floats(0, 1e9)), draw(TIMES)),
        draw(contacts),
        draw(st.integers(0, 2**40)),
        draw(st.integers(0, 9)),
        draw(when),
        draw(when),
        draw(when),
        draw(blocks),
        draw(blocks),
        tuple(sorted(draw(st.lists(replies, max_size=2)))),
    )


members = st.builds(
    Member,
    st.sampled_from(PEOPLE),
    st.dictionaries(
        st.sampled_from(("sector", "role")),
        st.builds(Fact, st.text(), TIMES, st.just("s"), st.just("i")),
    ),
)


def key(row: Row) -> str:
    return member_key(row.subject) if isinstance(row, Member) else tie_key(row.a, row.b)


def same(rows: Rows, expected: Mapping[str, Row]) -> None:
    assert {each: encode(row) for each, row in rows.items()} == {
        each: encode(row) for each, row in expected.items()
    }
    assert rows == expected
    assert len(rows) == len(expected)
    assert sorted(rows) == sorted(expected)
    for each, row in expected.items():
        assert each in rows
        assert rows[each] == row
    layered: tuple[tuple[Mapping[Any, Row], type[Row]], ...] = (
        (rows.members, Member),
        (rows.ties, Tie),
    )
    for read, kind in layered:
        of_kind = sorted((row for row in expected.values() if isinstance(row, kind)), key=key)
        assert len(read) == len(of_kind)
        assert sorted(read.values(), key=key) == of_kind
        assert sorted((row for _, row in read.items()), key=key) == of_kind
    replied = [row for row in expected.values() if isinstance(row, Tie) and row.replies]
    assert sorted(Network.of(rows).answers.values(), key=key) == sorted(replied, key=key)
    assert columns(rows.ties) == columns(dict(rows.ties))


def columns(ties: Mapping[tuple[str, str], Tie]) -> list[tuple[object, ...]]:
    """What the matcher reads of `ties`, in its order."""
    read = Contacts.of(ties)
    known = read.columns
    pairs = (map(read.names.__getitem__, each.tolist()) for each in (known.a, known.b))
    _, *values = known.each()
    return [*zip(*pairs, *(each.tolist() for each in values), strict=True)]


@pytest.fixture(params=(0, 4, 1_000), ids=("all packed", "some packed", "none packed"))
def above(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows lie above those that are packed, which are read three at a time."""
    monkeypatch.setattr(layered, "_FEWEST", request.param)
    monkeypatch.setattr(packing, "_AT_ONCE", 3)


@pytest.mark.usefixtures("above")
def test_rows_are_the_same_after_any_changes_as_in_a_plain_dict() -> None:
    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.lists(members | ties(), max_size=6), max_size=6), st.randoms())
    def check(batches: list[list[Row]], draw: random.Random) -> None:
        rows, expected = packed(), dict[str, Row]()
        for batch in batches:
            changes: dict[str, Row | None] = {key(row): row for row in batch}
            changes |= {each: None for each in sorted(expected) if draw.random() < 0.2}
            before, known = rows, dict(expected)
            rows = rows.after(changes)
            for each, row in changes.items():
                expected.pop(each, None)
                if row is not None:
                    expected[each] = row
            same(rows, expected)
            same(before, known)

    check()


@pytest.mark.usefixtures("above")
@pytest.mark.parametrize("counts", [(2**31 - 1, 0), (2**31, 0), (0, 2**31), (2**40, 2**40)])
def test_a_tie_of_more_contacts_than_a_column_holds_keeps_them(counts: tuple[int, int]) -> None:
    first, strength = 1, Strength(1.0, 1)
    many = Tie("P0", "P1", strength, {}, counts[0], counts[1], first)
    few = Tie("P0", "P2", strength, {}, 3, 0, first)
    same(packed([many, few]), {"tie/P0/P1": many, "tie/P0/P2": few})


@pytest.mark.parametrize(
    ("tie", "whole"),
    [
        (Tie("P0", "P1", first=1, started_by_a=2**31 - 1, started_by_b=2**31 - 1), False),
        (Tie("P0", "P1", first=1, started_by_b=2**31), True),
        (Tie("P0", "P1", blocked_by_a=Fact(False, 1, "s", "i")), True),
        (Tie("P0", "P1", blocked_by_b=Fact(True, 1, "s", "i")), True),
        (Tie("P0", "P1", replies=(Reply(1, "s", "i", "1", "P0", "met"),)), True),
    ],
)
def test_only_what_columns_do_not_tell_is_kept_beside_them(
    tie: Tie, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layered, "_FEWEST", 0)
    below = packed([tie]).ties.packed
    assert isinstance(below, packing.PackedTies)
    assert bool(below._extra) is whole
    assert below.get(("P0", "P1")) == tie


def test_members_read_again_are_not_made_again_and_only_so_many_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layers, "_REMEMBERED", 2)
    rows = {each: encode(Member(each)) for each in PEOPLE}
    members = layers.PackedMembers(rows)
    made = members.get("P0")
    assert made == Member("P0")
    assert members.get("P0") is made
    assert members.get("P9") is None
    for each in PEOPLE:
        assert members.get(each) == Member(each)
        assert len(members._made) <= 2


def test_who_is_not_there_is_not_found() -> None:
    rows = packed([Member("P0"), Tie("P0", "P1"), Tie("P1", "P2")])
    for absent in ("member/P1", "tie/P0/P2", "tie/P2/P1", "tie/P0/P9", "mark", ""):
        assert absent not in rows
        assert rows.get(absent) is None
    number: object = 5
    assert number not in rows
    with pytest.raises(KeyError, match="mark"):
        rows["mark"]


def in_order(others: Others) -> dict[str, list[str]]:
    return {who: sorted(theirs) for who, theirs in others.items()}


def tied(rows: Mapping[str, Row]) -> list[tuple[tuple[str, str], Tie]]:
    return [((row.a, row.b), row) for row in rows.values() if isinstance(row, Tie)]


def test_among_few_nobody_else_is_known_and_blocks_hold() -> None:
    wish = Fact(True, 1, "s", "i")
    stated = [Member(each, {"consent": wish}) for each in PEOPLE[:3]]
    network = Network.of(packed([*stated, Tie("P0", "P1", blocked_by_b=wish)]))
    few = network.among(["P1", "P0", "P9"])
    assert few.subjects == ("P0", "P1")
    assert few.members["P0"] == network.members["P0"]
    assert few.blocked("P1", "P0")
    assert few.tie("P1", "P0") == network.tie("P0", "P1") is not None
    assert not few.present("P2")


@pytest.mark.usefixtures("above")
@pytest.mark.parametrize("plain", [False, True])
def test_a_network_that_follows_any_changes_is_that_of_its_rows_read_anew(plain: bool) -> None:
    @settings(deadline=None, max_examples=20)
    @given(st.lists(st.lists(members | ties(), max_size=6), max_size=4), st.randoms())
    def check(batches: list[list[Row]], draw: random.Random) -> None:
        rows: Rows | dict[str, Row] = {} if plain else packed()
        network = Network.of(rows)
        for batch in batches:
            changes: dict[str, Row | None] = {key(row): row for row in batch}
            changes |= {each: None for each in sorted(rows) if draw.random() < 0.2}
            if isinstance(rows, Rows):
                rows = rows.after(changes)
            else:
                merged = {**rows, **changes}
                rows = {each: row for each, row in merged.items() if row is not None}
            network, anew = network.after(rows, changes), Network.of(rows)
            assert network.subjects == anew.subjects
            assert network.answers == anew.answers
            assert in_order(network.answering) == in_order(anew.answering)
            assert {*network.blocks} == {*anew.blocks} == {p for p, t in tied(rows) if t.blocked}
            assert network.contacts == anew.contacts
            assert dict(network.members.items()) == dict(anew.members.items())
            assert dict(network.ties.items()) == dict(anew.ties.items())
            assert len(network.ties) == len(anew.ties)

    check()


@pytest.mark.parametrize("plain", [False, True])
def test_following_changes_looks_at_nobody_else(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = Reply(1, "s", "i", "1", "P0", "met")
    stated: list[Row] = [Member("P0"), Member("P1"), Tie("P0", "P1", replies=(reply,))]
    rows: Mapping[str, Row] = {key(row): row for row in stated} if plain else packed(stated)
    network = Network.of(rows)
    assert (network.subjects, len(network.answers)) == (("P0", "P1"), 1)
    assert not network.blocks
    changes: dict[str, Row | None] = {"member/P2": Member("P2")}
    now = rows.after(changes) if isinstance(rows, Rows) else {**rows, "member/P2": Member("P2")}

    def looks(_: object) -> None:
        raise AssertionError("everything was looked at")

    for each in ("__iter__", "items", "values", "pairs"):
        monkeypatch.setattr(layered.Layered, each, looks)
    monkeypatch.setattr(layers.Ties, "replied", looks)
    monkeypatch.setattr(layers.Ties, "blocked", looks)
    after = network.after(now, changes)
    assert after.subjects == ("P0", "P1", "P2")
    assert after.answers == network.answers
    assert after.blocks is network.blocks
    assert after.__dict__.keys() >= {"answers", "answering", "blocks", "subjects"}
    assert network.among(["P0"]).blocks is network.blocks


def test_a_tie_whose_answers_are_gone_is_no_answer_any_more() -> None:
    reply = Reply(1, "s", "i", "1", "P0", "met")
    rows = packed([Member("P0"), Member("P1"), Tie("P0", "P1", replies=(reply,))])
    network = Network.of(rows)
    assert [*network.answers] == [("P0", "P1")]
    again: dict[str, Row | None] = {
        "tie/P0/P1": Tie("P0", "P1", replies=(reply, structs.replace(reply, time=2)))
    }
    after = network.after(rows.after(again), again)
    assert dict(after.answering.items()) == {"P0": ("P1",), "P1": ("P0",)}
    changes: dict[str, Row | None] = {"tie/P0/P1": Tie("P0", "P1", first=1)}
    assert dict(network.after(rows.after(changes), changes).answers) == {}


def test_a_row_s_key_says_whose_it_is_whichever_of_two_comes_first() -> None:
    assert key_of(Member("P1")) == "member/P1"
    assert key_of(Tie("P0", "P1")) == tie_key("P1", "P0") == tie_key("P0", "P1") == "tie/P0/P1"


def test_a_network_follows_its_rows_as_if_it_were_read_anew() -> None:
    rows = packed([Member("P0"), Member("P1"), Tie("P0", "P1", first=1, last_met=1)])
    network = Network.of(rows)
    assert network.neighbours("P0") == ("P1",)
    reply = Reply(1, "s", "i", "1", "P0", "met")
    changes: dict[str, Row | None] = {
        "member/P2": Member("P2"),
        "member/P0": None,
        "tie/P0/P1": None,
        "tie/P1/P2": Tie("P1", "P2", first=1, last_met=1, replies=(reply,)),
    }
    now = rows.after(changes)
    after = network.after(now, changes)
    assert after.subjects == Network.of(now).subjects == ("P1", "P2")
    assert after.answers == Network.of(now).answers
    assert after.neighbours("P2") == ("P1",)
    assert network.subjects == ("P0", "P1")
