"""What is fitted now and then and then frozen: a round computes against one base, by digest.

Words stand in it as buckets of a hash, and only those that several people used: a base outlives
erasures, so nothing of one person may be in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from math import log
from typing import Literal

import msgspec
from msgspec import Struct

from crosstie.matching.answers import learning as answers
from crosstie.matching.answers.lessons import Lesson
from crosstie.matching.answers.model import AnswerModel
from crosstie.matching.kindred import Corpus, corpus, kindred
from crosstie.matching.policy import Policy
from crosstie.matching.ties import learning as ties
from crosstie.matching.ties.history import History, history
from crosstie.matching.ties.model import TieModel
from crosstie.matching.words import BUCKETS, buckets
from crosstie.network.state import folded
from crosstie.network.view import Network

LEAST_PEOPLE = 5  # that used a word, before the base remembers it
LEAST_TIES = 100  # to learn from which ties form

__all__ = ["BUCKETS", "Base", "Material", "decode", "digest", "encode", "fit", "material"]


class Base(Struct, frozen=True, forbid_unknown_fields=True):
    """Rarity of words, and what was learned; without, the policy's rules decide alone."""

    model: Literal["rules"] = "rules"
    people: int = 0  # with a need or an offer
    used_by: dict[int, int] = {}  # bucket of a word -> people who used it, ascending
    kindred: dict[int, dict[int, int]] = {}  # word -> words used alike, hundredths; ascending
    ties: TieModel | None = None  # which ties form
    answers: AnswerModel | None = None  # who accepts whom

    def rarity(self, bucket: int) -> float:
        """Inverse document frequency, smoothed; a word not remembered counts as rare."""
        return log((1 + self.people) / (1 + self.used_by.get(bucket, 1))) + 1.0


@dataclass(frozen=True, slots=True)
class Material:
    """What a base is fitted to, gathered from a network and its rounds: small, and can be pickled."""

    people: int
    used_by: dict[int, int]
    texts: Corpus | None = None
    ties: History | None = None
    lessons: tuple[Lesson, ...] = ()
    sectors: dict[str, str] = field(default_factory=dict)  # of those whom lessons are of


def material(network: Network, lessons: Iterable[Lesson] = ()) -> Material:
    """What `network`, and the answers to suggestions, give to learn from."""
    told = tuple(lessons)
    named = {subject for each in told for subject in (each.by, each.about)}
    sectors = {
        subject: folded(sector)
        for subject in sorted(named & network.members.keys())
        if (sector := network.members[subject].sector)
    }
    return Material(*_used(network), corpus(network), history(network), told, sectors)


def fit(source: Material | Network, policy: Policy, at: int, before: Base | None = None) -> Base:
    """The base of `source`, which may take minutes; of a bare network only its words, at once.

    What is learned worse than `before` foretells the latest answers is not put in its place.
    """
    if isinstance(source, Network):
        source = Material(*_used(source))
    formed = before.ties if before is not None else None
    if source.ties is not None and len(source.ties) >= LEAST_TIES:
        formed = ties.fit(source.ties)
    accepted = answers.fit(source.lessons, source.sectors, before.answers if before else None)
    del policy, at
    alike = {} if source.texts is None else kindred(source.texts)
    return Base(
        people=source.people,
        used_by=source.used_by,
        kindred=alike,
        ties=formed,
        answers=accepted,
    )


def _used(network: Network) -> tuple[int, dict[int, int]]:
    used_by: Counter[int] = Counter()
    people = 0
    for member in network.members.values():
        texts = (*member.needs.values(), *member.offers.values())
        if texts:
            people += 1
            used_by.update({bucket for text in texts for bucket in buckets(text)})
    shared = {bucket: n for bucket, n in sorted(used_by.items()) if n >= LEAST_PEOPLE}
    return people, shared


def encode(base: Base) -> bytes:
    """Canonical JSON: `used_by` and `kindred` are ascending already (msgspec orders no keys but strings)."""
    return msgspec.json.encode(base)


def decode(data: bytes) -> Base:
    """The base in `data`."""
    return msgspec.json.decode(data, type=Base)


def digest(data: bytes) -> str:
    """Names a base's bytes: blake2b, 16 bytes, hexadecimal."""
    return blake2b(data, digest_size=16).hexdigest()
