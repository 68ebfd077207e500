from __future__ import annotations

from importlib import resources

from crosstie.matching import base
from crosstie.matching.answers import sectors
from crosstie.matching.answers.features import NAMES, VERSION
from crosstie.matching.answers.lessons import Lesson
from crosstie.matching.fingerprint import _sources, code_version, fingerprint
from crosstie.matching.words import words
from crosstie.network.view import Network
from tests.unit.matching.towns import POLICY, START, locality, member, rows


def test_a_base_is_read_back_from_its_bytes() -> None:
    fitted = base.fit(Network.of(locality(80, 100)), POLICY, START)
    assert fitted.used_by
    assert base.decode(base.encode(fitted)) == fitted


def test_the_order_of_members_leaves_no_trace() -> None:
    stated = locality(80, 0)
    backwards = dict(reversed(stated.items()))
    one, other = (
        base.encode(base.fit(Network.of(each), POLICY, START)) for each in (stated, backwards)
    )
    assert base.digest(one) == base.digest(other)


def test_a_word_that_few_people_used_is_not_in_the_base() -> None:
    few = [member(f"P{i}", needs={"n": "myasthenia"}) for i in range(base.LEAST_PEOPLE - 1)]
    assert base.fit(Network.of(rows(*few)), POLICY, START).used_by == {}


def test_a_word_that_many_used_is_less_rare() -> None:
    many = [member(f"P{i}", offers={"o": "rotas"}) for i in range(20)]
    fitted = base.fit(Network.of(rows(*many)), POLICY, START)
    (bucket,) = fitted.used_by
    assert fitted.rarity(bucket) < fitted.rarity(bucket + 1)


def taught(yes: bool, at: int) -> Lesson:
    row = (VERSION, *(at % 7 * 100 if name == "interests" else 0 for name in NAMES))
    return Lesson("answered", yes, "introduction", at, at, f"H{at % 9}", f"P{at % 8}", (row, row))


def test_answers_teach_a_base_and_sectors_are_known_however_they_are_written() -> None:
    people = [
        *(member(f"H{n}", sector=("Health ", "health")[n % 2]) for n in range(9)),
        *(member(f"P{n}", sector=" PRISONS") for n in range(8)),
    ]
    network = Network.of(rows(*people))
    lessons = [taught(at % 4 != 0, at) for at in range(100)]
    fitted = base.fit(base.material(network, lessons), POLICY, START)
    assert fitted.answers is not None
    assert fitted.answers.lessons == 100
    assert list(sectors.between(fitted.answers.sectors, ("health", "prisons"))) == [1]
    assert base.decode(base.encode(fitted)) == fitted
    again = base.fit(base.material(network, lessons), POLICY, START, fitted)
    assert again.answers == fitted.answers, "without news it stays"


def test_words_fall_together_whatever_their_case_and_number() -> None:
    assert words("The Rotas of night-shifts") == ["rota", "night", "shift"]


def test_code_and_machine_have_short_names() -> None:
    assert code_version() == code_version()
    assert len(code_version()) < 40
    assert "numpy" in fingerprint()


def test_the_code_version_covers_folders_within_the_matcher() -> None:
    found = dict(_sources(resources.files("crosstie.matching"), "matching"))
    assert {
        "matching/step.py",
        "matching/ties/scores.py",
        "matching/sources/near.py",
    } <= found.keys()
