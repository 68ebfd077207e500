"""Members as columns: one entry per member, in order of subject, as arrays that steps compute on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from zlib import crc32

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.base import BUCKETS, Base
from crosstie.matching.codes import UNKNOWN, Codes
from crosstie.matching.kindred import HUNDREDTHS
from crosstie.matching.profiles import DIRECTIONS, Profile, Texts, profile
from crosstie.network.view import Network

__all__ = [
    "CODED",
    "DIRECTIONS",
    "UNKNOWN",
    "Items",
    "People",
    "checksum",
    "columns",
    "interests",
    "items",
    "wished",
]

CODED = ("sector", "profession", "place", "role", "organisation")  # one of each a member


@dataclass(frozen=True)  # no slots: what follows is cached on it
class Items:
    """Needs or offers: who posted which (ascending by both), and the words' weights (unit rows)."""

    owner: Ints
    names: tuple[str, ...]
    vectors: csr_array
    first: Ints  # items of member i are first[i] to first[i + 1]

    @cached_property
    def by_word(self) -> csr_array:
        """The same weights by word, then item."""
        return csr_array(self.vectors.T)


@dataclass(frozen=True)  # no slots, as above
class People:
    """Index i is the member network.subjects[i]; codes are UNKNOWN where nothing was said."""

    subjects: tuple[str, ...]
    index: Mapping[str, int]
    eligible: Bools
    level: Ints  # 0 is unknown
    sector: Ints
    profession: Ints
    place: Ints
    role: Ints
    organisation: Ints
    manager: Ints
    reports_to: Ints  # checksum of what they say: it may be the subject of nobody yet
    wished_directions: Ints  # bits; 0 is no preference
    wishes_sectors: Bools
    wished_sectors: Ints  # index * sectors + sector, ascending
    interests: csr_array  # 1 where they have it
    codes: Mapping[str, Codes]  # of CODED, and of interests; texts are folded
    generous: Ints  # standing offers and mentees offered
    waiting_since: Ints  # for introductions
    weekly: Ints
    mentors: Ints
    mentees: Ints
    available: Bools  # said what they have time for
    needs: Items
    offers: Items
    kindred: csr_array  # by word, how much others are used like it

    @property
    def sectors(self) -> int:
        """How many there are."""
        return len(self.codes["sector"])

    @property
    def sector_names(self) -> tuple[str, ...]:
        """By code."""
        return self.codes["sector"].names

    @cached_property
    def wish_pointer(self) -> Ints:
        """Wished sectors of member i are wish_pointer[i] to wish_pointer[i + 1]."""
        wishing = self.wished_sectors // max(self.sectors, 1)
        return np.searchsorted(wishing, np.arange(len(self) + 1))

    @cached_property
    def interest_mask(self) -> Ints:
        """By member one of 64 bits for each interest: two who share no bit share none of them."""
        masks, pointer = np.zeros(len(self), dtype=np.int64), self.interests.indptr
        row = np.repeat(np.arange(len(self)), np.diff(pointer))
        bits = np.left_shift(np.int64(1), self.interests.indices % np.int64(64))
        np.bitwise_or.at(masks, row, bits)
        return masks

    def keeping(self, before: People) -> People:
        """This, with what was made of the columns of `before` where these are the same."""
        for name, of in (("interest_mask", "interests"), ("wish_pointer", "wished_sectors")):
            if name in before.__dict__ and getattr(self, of) is getattr(before, of):
                self.__dict__[name] = before.__dict__[name]
        return self

    def __len__(self) -> int:
        return len(self.subjects)


def columns(network: Network, base: Base, profiles: Mapping[str, Profile] | None = None) -> People:
    """The columns of `network`; `profiles`, where they are at hand, are those of its members."""
    subjects = network.subjects
    index = {subject: i for i, subject in enumerate(subjects)}
    if profiles is None:
        all_of = [profile(network.members[subject]) for subject in subjects]
    else:
        all_of = [profiles[subject] for subject in subjects]
    codes = {name: Codes.of(getattr(each, name) for each in all_of) for name in CODED}
    codes["interests"] = Codes.of(chain.from_iterable(each.interests for each in all_of))
    coded = {name: codes[name].coded(getattr(each, name) for each in all_of) for name in CODED}
    return People(
        subjects=subjects,
        index=index,
        eligible=_bools([each.eligible for each in all_of]),
        level=_ints([each.level for each in all_of]),
        **coded,
        manager=_ints([index.get(each.reports_to, UNKNOWN) for each in all_of]),
        reports_to=_ints([checksum(each.reports_to) for each in all_of]),
        wished_directions=_ints([each.wished_directions for each in all_of]),
        wishes_sectors=_bools([bool(each.wished_sectors) for each in all_of]),
        wished_sectors=wished(range(len(all_of)), all_of, codes["sector"]),
        interests=interests(all_of, codes["interests"]),
        codes=codes,
        generous=_ints([each.generous for each in all_of]),
        waiting_since=_ints([each.waiting_since for each in all_of]),
        weekly=_ints([each.weekly for each in all_of]),
        mentors=_ints([each.mentors for each in all_of]),
        mentees=_ints([each.mentees for each in all_of]),
        available=_bools([each.available for each in all_of]),
        needs=items([each.needs for each in all_of], base),
        offers=items([each.offers for each in all_of], base),
        kindred=_kindred(base),
    )


def checksum(subject: str) -> int:
    """Of a subject, to look for it among many; others may have the same. 0: of nobody."""
    return crc32(subject.encode()) + 1 if subject else 0


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _bools(values: Sequence[bool]) -> Bools:
    return np.array(values, dtype=np.bool_)


def wished(at: Iterable[int], profiles: Iterable[Profile], sectors: Codes) -> Ints:
    """The sectors that members `at` wish for, of those that there are."""
    number = sectors.numbered()
    keys = [
        i * len(number) + number[sector]
        for i, each in zip(at, profiles, strict=True)
        for sector in each.wished_sectors
        if sector in number
    ]
    return np.unique(_ints(keys))


def interests(profiles: Sequence[Profile], codes: Codes) -> csr_array:
    """What they are interested in, a row each."""
    terms = codes.coded(chain.from_iterable(each.interests for each in profiles))
    return _rows([len(each.interests) for each in profiles], terms, np.ones(len(terms)), len(codes))


def items(texts: Sequence[Texts], base: Base) -> Items:
    """The items of members who said `texts`, one each."""
    counts = _ints([len(each.names) for each in texts])
    lengths = _ints([length for each in texts for length in each.lengths])
    words = _ints([word for each in texts for word in each.words])
    times = _ints([time for each in texts for time in each.times])
    used = np.unique(words)
    rarity = np.zeros(BUCKETS)
    rarity[used] = [base.rarity(word) for word in used.tolist()]
    weights = times * rarity[words]
    of = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.sqrt(np.bincount(of, weights=weights * weights, minlength=len(lengths)))
    return Items(
        owner=np.repeat(np.arange(len(texts)), counts),
        names=tuple(chain.from_iterable(each.names for each in texts)),
        vectors=_rows(lengths, words, weights / norms[of], BUCKETS),
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def _kindred(base: Base) -> csr_array:
    lengths = np.zeros(BUCKETS, dtype=np.int64)
    lengths[list(base.kindred)] = [len(others) for others in base.kindred.values()]
    words = [word for others in base.kindred.values() for word in others]
    likeness = [each for others in base.kindred.values() for each in others.values()]
    return _rows(lengths, _ints(words), np.array(likeness) / HUNDREDTHS, BUCKETS)


def _rows(lengths: Ints | Sequence[int], columns: Ints, values: Floats, width: int) -> csr_array:
    """Places are of 32 bits, as kernels take them: else each would make them anew."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    places = columns.astype(np.int32)
    return csr_array((values, places, ends), shape=(len(lengths), width))
