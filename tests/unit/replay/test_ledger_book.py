"""The ledger against the rounds of rounds.v1: rows, chain, ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from crosstie.matching import record as rounds_record
from crosstie.matching.model import Change, Round
from crosstie.replay import history
from crosstie.replay.history import History
from crosstie.replay.sources import Record
from crosstie.replay.tables import Head, Snapshot
from tests.unit.replay.world import World, made, rounds, suggestion


@pytest.fixture
def chain() -> list[Round]:
    expired = structs.replace(suggestion(), state="expired", seq=2)
    return rounds(made(suggestion()), (Change(expired, "expired"),))


def differences(chain: list[Round], snapshot: Snapshot) -> tuple[str, ...]:
    return history.ledger(History(chain), snapshot).differences


def stored(chain: list[Round]) -> Snapshot:
    return World().snapshot(rounds=chain)


def test_a_faultless_ledger_is_clean(chain: list[Round]) -> None:
    assert differences(chain, stored(chain)) == ()


def test_an_edited_suggestion_is_named(chain: list[Round]) -> None:
    snapshot = stored(chain)
    edited = replace(snapshot.suggestions["s1"], state="open")
    assert differences(chain, replace(snapshot, suggestions={"s1": edited})) == (
        "s1: columns state, seq or members differ; rounds.v1 says expired, 2",
    )


def test_an_edited_body_is_named_by_its_field(chain: list[Round]) -> None:
    snapshot = stored(chain)
    row = snapshot.suggestions["s1"]
    edited = replace(row, body=row.body.replace(b'"cross_sector":true', b'"cross_sector":false'))
    assert differences(chain, replace(snapshot, suggestions={"s1": edited})) == (
        "s1: differs in cross_sector",
    )


def test_a_memory_other_than_the_rounds_give_is_named(chain: list[Round]) -> None:
    snapshot = stored(chain)
    older = stored(chain[:1]).ledgers[1]
    assert differences(chain, replace(snapshot, ledgers={2: older})) == (
        "matching.ledgers 2: not what the rounds up to there give",
    )


def test_a_suggestion_missing_in_the_ledger_is_named(chain: list[Round]) -> None:
    assert differences(chain, replace(stored(chain), suggestions={})) == (
        "s1: missing in PostgreSQL",
    )


def test_a_suggestion_that_no_round_made_is_named(chain: list[Round]) -> None:
    snapshot = stored(chain)
    rows = dict(snapshot.suggestions) | {"s2": snapshot.suggestions["s1"]}
    assert differences(chain, replace(snapshot, suggestions=rows)) == ("s2: not in rounds.v1",)


def test_a_round_missing_in_rounds_v1_is_named(chain: list[Round]) -> None:
    found = differences(chain[:1], stored(chain))
    assert "PostgreSQL is at round 2, rounds.v1 ends at 1" in found


def test_a_round_missing_in_postgresql_is_named(chain: list[Round]) -> None:
    snapshot = stored(chain)
    assert differences(chain, replace(snapshot, rounds={1: snapshot.rounds[1]})) == (
        "round 2: missing in PostgreSQL",
    )


def test_rounds_published_after_the_snapshot_are_left_out(chain: list[Round]) -> None:
    assert differences(chain, stored(chain[:1])) == ()


def test_an_edited_round_breaks_the_chain(chain: list[Round]) -> None:
    forged = [structs.replace(chain[0], seed=99), chain[1]]
    assert "round 1: its digest is not of its bytes" in differences(forged, stored(chain))


def test_another_history_is_named(chain: list[Round]) -> None:
    other = rounds_record.chained(structs.replace(chain[1], previous="other"))
    assert "round 2: its previous digest is not that of round 1" in differences(
        [chain[0], other], stored(chain)
    )


def test_another_digest_at_the_head_is_named(chain: list[Round]) -> None:
    assert differences(chain, replace(stored(chain), head=Head(2, "other", 2))) == (
        "round 2: the head's digest is not that of rounds.v1",
    )


def test_a_change_after_the_end_is_named(chain: list[Round]) -> None:
    back = structs.replace(suggestion(), state="open", seq=3)
    risen = rounds(*(each.changes for each in chain), (Change(back, "made"),))
    assert "s1: changes in round 3, after its end (expired)" in differences(risen, stored(risen))


def test_a_skipped_seq_is_named() -> None:
    leap = structs.replace(suggestion(), seq=3)
    chain = rounds(made(suggestion()), (Change(leap, "accepted"),))
    assert differences(chain, stored(chain)) == ("s1: seq 3 in round 2 follows 1",)


def test_a_record_that_is_no_round_is_named(chain: list[Round]) -> None:
    records = [
        Record("rounds.v1", 0, n, 0, each.key, each.value, each.headers)
        for n, each in enumerate(one for round in chain for one in rounds_record.split(round))
    ]
    stray = Record("rounds.v1", 0, 99, 0, b"junk", b"junk")
    read = history.read([*records, stray])
    assert history.ledger(read, stored(chain)).differences == (
        "rounds.v1@99: no round; matching did not write it",
    )


def test_split_rounds_are_joined(chain: list[Round]) -> None:
    parts = [each for round in chain for each in rounds_record.split(round)]
    records = [Record("rounds.v1", 0, i, 0, p.key, p.value, p.headers) for i, p in enumerate(parts)]
    assert history.read(records).n == 2
