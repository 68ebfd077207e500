from __future__ import annotations

import numpy as np
import pytest

from crosstie.matching.ties.history import history
from crosstie.matching.ties.past import lessons
from tests.unit.matching.ties.histories import DAY, network, past


def test_contacts_are_taken_as_spread_between_the_first_and_the_last() -> None:
    known = past(3, [(0, 1, 0, 10, 11), (1, 2, 4)])
    assert known.share_by(np.array([-1, 0, 5 * DAY, 10 * DAY])) == pytest.approx(
        [0, 1 / 12, (1 + 5 + 1) / 12, 1]
    )


def test_earlier_a_network_had_fewer_ties_and_fewer_contacts() -> None:
    known = past(4, [(0, 1, 0, 10, 11), (1, 2, 4), (2, 3, 8)])
    then = known.until(5 * DAY)
    assert list(zip(then.a.tolist(), then.b.tolist(), strict=True)) == [(0, 1), (1, 2)]
    assert then.contacts.tolist() == [6, 1]
    assert then.last.tolist() == [5 * DAY, 4 * DAY]


def test_at_the_end_a_network_is_as_it_is() -> None:
    known = past(4, [(0, 1, 0, 10, 11), (1, 2, 4), (2, 3, 8)])
    then = known.until(10 * DAY)
    assert then.contacts.tolist() == known.contacts.tolist()
    assert then.last.tolist() == known.last.tolist()


def test_every_lesson_has_ties_before_and_after() -> None:
    known = past(20, [(number, number + 1, number) for number in range(19)])
    taught = list(lessons(known))
    assert len(taught) == 4
    for before, new in taught:
        assert len(before) + len(new) == len(known)
        assert known.first[new].min() > before.first.max()


def test_without_times_a_fifth_of_the_ties_is_hidden() -> None:
    known = past(20, [(number, number + 1) for number in range(19)])
    assert [len(new) for _, new in lessons(known)] == [4] * 4


def test_an_import_at_one_moment_with_little_since_still_teaches() -> None:
    ties = [(number, number + 1, 0) for number in range(18)]
    known = past(20, [*ties, (18, 19, 5)])
    assert [len(new) for _, new in lessons(known)] == [1]


def test_who_met_only_at_a_large_gathering_has_no_tie() -> None:
    from crosstie.network.view import Network
    from tests.unit.matching.towns import member, rows, tie

    gathered = Network.of(rows(member("A"), member("B"), tie("A", "B", large_gathering=True)))
    assert len(history(gathered)) == 0


def test_sectors_are_compared_as_they_are_elsewhere() -> None:
    known = history(network(3, [(0, 1)], ["Health", " health", "Care"]))
    assert known.who.codes["sector"].tolist() == [1, 1, 0]
