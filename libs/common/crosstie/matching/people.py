"""Members as columns: one entry per member, in order of subject, as arrays that steps compute on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.base import BUCKETS, Base
from crosstie.matching.profiles import DIRECTIONS, Profile, Texts, profile
from crosstie.network.view import Network

__all__ = ["DIRECTIONS", "UNKNOWN", "Items", "People", "columns", "items"]

UNKNOWN = -1


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
    wished_directions: Ints  # bits; 0 is no preference
    wishes_sectors: Bools
    wished_sectors: Ints  # index * sectors + sector, ascending
    sectors: int
    sector_names: tuple[str, ...]  # folded, by code
    interests: csr_array  # 1 where they have it
    generous: Ints  # standing offers and mentees offered
    waiting_since: Ints  # for introductions
    weekly: Ints
    mentors: Ints
    mentees: Ints
    available: Bools  # said what they have time for
    needs: Items
    offers: Items

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
    sectors = _codes(each.sector for each in all_of)
    wished = [
        i * len(sectors) + sectors[sector]
        for i, each in enumerate(all_of)
        for sector in each.wished_sectors
        if sector in sectors
    ]
    return People(
        subjects=subjects,
        index=index,
        eligible=_bools([each.eligible for each in all_of]),
        level=_ints([each.level for each in all_of]),
        sector=_coded([each.sector for each in all_of], sectors),
        profession=_coded_alone([each.profession for each in all_of]),
        place=_coded_alone([each.place for each in all_of]),
        role=_coded_alone([each.role for each in all_of]),
        organisation=_coded_alone([each.organisation for each in all_of]),
        manager=_ints([index.get(each.reports_to, UNKNOWN) for each in all_of]),
        wished_directions=_ints([each.wished_directions for each in all_of]),
        wishes_sectors=_bools([bool(each.wished_sectors) for each in all_of]),
        wished_sectors=np.unique(_ints(wished)),
        sectors=len(sectors),
        sector_names=tuple(sectors),
        interests=_interests(all_of),
        generous=_ints([each.generous for each in all_of]),
        waiting_since=_ints([each.waiting_since for each in all_of]),
        weekly=_ints([each.weekly for each in all_of]),
        mentors=_ints([each.mentors for each in all_of]),
        mentees=_ints([each.mentees for each in all_of]),
        available=_bools([each.available for each in all_of]),
        needs=items([each.needs for each in all_of], base),
        offers=items([each.offers for each in all_of], base),
    )


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _bools(values: Sequence[bool]) -> Bools:
    return np.array(values, dtype=np.bool_)


def _codes(values: Iterable[str | None]) -> dict[str, int]:
    said = {value for value in values if value is not None}
    return {value: code for code, value in enumerate(sorted(said))}


def _coded(values: Sequence[str | None], codes: Mapping[str, int]) -> Ints:
    return _ints([UNKNOWN if value is None else codes[value] for value in values])


def _coded_alone(values: Sequence[str | None]) -> Ints:
    return _coded(values, _codes(values))


def _interests(all_of: Sequence[Profile]) -> csr_array:
    having = [each.interests for each in all_of]
    codes = _codes(chain.from_iterable(having))
    terms = _ints([codes[term] for each in having for term in each])
    return _rows([len(each) for each in having], terms, np.ones(len(terms)), len(codes))


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


def _rows(lengths: Ints | Sequence[int], columns: Ints, values: Floats, width: int) -> csr_array:
    """Places are of 32 bits, as kernels take them: else each would make them anew."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    places = columns.astype(np.int32)
    return csr_array((values, places, ends), shape=(len(lengths), width))
