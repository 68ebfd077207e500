"""The clean fold: once each, quarantine passed over, the erased redacted."""

from __future__ import annotations

from crosstie.network.state import Member, Tie
from crosstie.replay.runner import Outcome, Played
from tests.unit.replay.world import ANN, BOB, EVE, NOON, World


def outcomes(world: World) -> list[Outcome]:
    seen: list[Played] = []
    world.replay(seen.append)
    return [each.outcome for each in seen]


def test_members_and_ties_come_out_of_the_log() -> None:
    world = World()
    world.join(ANN, BOB)
    world.between("contact.made", ANN, BOB, channel="met")
    rows = world.replay().rows
    assert isinstance(rows[f"member/{ANN}"], Member)
    tie = rows[f"tie/{ANN}/{BOB}"]
    assert isinstance(tie, Tie)
    assert tie.contacts == {"met": 1}


def test_a_duplicate_counts_once() -> None:
    world = World()
    for _ in range(2):
        world.between("contact.made", ANN, BOB, id="same", time=NOON, channel="met")
    assert outcomes(world) == [Outcome.NEW, Outcome.KNOWN]


def test_another_body_under_a_known_id_is_refused_unless_quarantined() -> None:
    world = World()
    world.between("contact.made", ANN, BOB, id="same", channel="met")
    world.between("contact.made", ANN, BOB, id="same", channel="called")
    assert outcomes(world) == [Outcome.NEW, Outcome.REFUSED]


def test_what_is_quarantined_is_passed_over() -> None:
    world = World()
    world.between("contact.made", ANN, BOB, channel="met")
    world.set_aside(1, 0)
    assert outcomes(world) == [Outcome.QUARANTINED]
    assert world.replay().rows == {}


def test_an_erased_person_leaves_no_row_and_does_not_come_back() -> None:
    world = World()
    world.join(EVE)
    world.erase(EVE)
    world.say("member.described", EVE, sector="housing")
    replay = world.replay()
    assert replay.rows == {}
    assert list(replay.erasures) == [EVE]
    assert not replay.redacted


def test_between_loss_of_the_key_and_the_erasure_the_past_is_not_whole() -> None:
    world = World()
    world.join(EVE)
    world.erase(EVE)
    replay = world.replay()
    replay_of_the_beginning = type(replay)(world.keys)
    replay_of_the_beginning.play(world.log[0][:2])
    assert replay_of_the_beginning.redacted == {EVE}
