"""Members as columns: one entry per member, in order of subject, as arrays that steps compute on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Ints
from crosstie.matching.base import Base
from crosstie.matching.words import buckets
from crosstie.network.state import Member, folded
from crosstie.network.view import Network

UNKNOWN = -1
MOST_ITEMS = 20  # needs, and offers, of one member that are compared with others'
DIRECTIONS: Mapping[str, int] = {"up": 1, "down": 2, "across": 4}  # bits of `wished_directions`


@dataclass(frozen=True, slots=True)
class Items:
    """Needs or offers: who posted which (ascending by both), and the words' weights (unit rows)."""

    owner: Ints
    names: tuple[str, ...]
    vectors: csr_array
    first: Ints  # items of member i are first[i] to first[i + 1]


@dataclass(frozen=True, slots=True)
class People:
    """Index i is the member network.subjects[i]; codes are UNKNOWN where nothing was said."""

    subjects: tuple[str, ...]
    index: Mapping[str, int]
    eligible: Bools
    level: Ints  # 0 is unknown
    sector: Ints
    profession: Ints
    place: Ints
    manager: Ints
    wished_directions: Ints  # bits; 0 is no preference
    wishes_sectors: Bools
    wished_sectors: Ints  # index * sectors + sector, ascending
    sectors: int
    interests: csr_array  # 1 where they have it
    generous: Ints  # standing offers and mentees offered
    waiting_since: Ints  # for introductions
    weekly: Ints
    needs: Items
    offers: Items

    def __len__(self) -> int:
        return len(self.subjects)


def columns(network: Network, base: Base) -> People:
    """The columns of `network`."""
    subjects = network.subjects
    index = {subject: i for i, subject in enumerate(subjects)}
    members = [network.members[subject] for subject in subjects]
    available = [member.availability for member in members]
    sectors = _folded(member.sector for member in members)
    sector_codes = _codes(sectors)
    wished = [
        (i, sector_codes[sector])
        for i, each in enumerate(available)
        for sector in map(folded, each.wishes.sectors)
        if sector in sector_codes
    ]
    return People(
        subjects=subjects,
        index=index,
        eligible=np.array([member.eligible for member in members], dtype=np.bool_),
        level=_ints(member.level or 0 for member in members),
        sector=_coded(sectors, sector_codes),
        profession=_coded_alone(_folded(member.profession for member in members)),
        place=_coded_alone(_folded(member.place for member in members)),
        manager=_ints(index.get(member.reports_to or "", UNKNOWN) for member in members),
        wished_directions=_ints(
            sum({DIRECTIONS[d] for d in each.wishes.directions}) for each in available
        ),
        wishes_sectors=np.array([bool(each.wishes.sectors) for each in available], dtype=np.bool_),
        wished_sectors=np.unique(_ints(i * len(sector_codes) + code for i, code in wished)),
        sectors=len(sector_codes),
        interests=_interests(members),
        generous=_ints(
            len(m.offers) + each.mentees_offered for m, each in zip(members, available, strict=True)
        ),
        waiting_since=_ints(_waiting_since(member) for member in members),
        weekly=_ints(each.introductions_per_week for each in available),
        needs=_items(members, "need/", base),
        offers=_items(members, "offer/", base),
    )


def _latest(member: Member, prefix: str) -> dict[str, str]:
    """The texts that stand, by item: of many the latest."""
    standing = [
        (fact.stamp, name.removeprefix(prefix), fact.value)
        for name, fact in member.facts.items()
        if name.startswith(prefix) and fact.value is not None
    ]
    return {name: text for _, name, text in sorted(standing)[-MOST_ITEMS:]}


def _waiting_since(member: Member) -> int:
    """Since they first had time for introductions, or said last that they had none."""
    said = (member.facts.get(name) for name in ("available", "unavailable"))
    return max((fact.time for fact in said if fact is not None), default=0)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _codes(values: Iterable[str | None]) -> dict[str, int]:
    return {
        value: code
        for code, value in enumerate(sorted({each for each in values if each is not None}))
    }


def _folded(terms: Iterable[str | None]) -> list[str | None]:
    return [None if term is None else folded(term) for term in terms]


def _coded(values: Iterable[str | None], codes: Mapping[str, int]) -> Ints:
    return _ints(UNKNOWN if value is None else codes[value] for value in values)


def _coded_alone(values: Sequence[str | None]) -> Ints:
    return _coded(values, _codes(values))


def _interests(members: Sequence[Member]) -> csr_array:
    having = [sorted({folded(term) for term in member.interests}) for member in members]
    codes = _codes(term for terms in having for term in terms)
    return _rows([{codes[term]: 1.0 for term in terms} for terms in having], len(codes))


def _items(members: Sequence[Member], prefix: str, base: Base) -> Items:
    """Without the words of the place where each member is: they say nothing of what is asked."""
    owner: list[int] = []
    names: list[str] = []
    rows: list[dict[int, float]] = []
    rarity: dict[int, float] = {}
    for i, member in enumerate(members):
        here = buckets(member.place or "").keys()
        for name, text in sorted(_latest(member, prefix).items()):
            weights = {}
            for bucket, times in sorted(buckets(text).items()):
                if bucket in here:
                    continue
                if bucket not in rarity:
                    rarity[bucket] = base.rarity(bucket)
                weights[bucket] = times * rarity[bucket]
            length = sqrt(sum(weight * weight for weight in weights.values()))
            rows.append({bucket: weight / length for bucket, weight in weights.items()})
            owner.append(i)
            names.append(name)
    owners = _ints(owner)
    first = np.searchsorted(owners, np.arange(len(members) + 1)).astype(np.int64)
    return Items(owners, tuple(names), _rows(rows, 1 << 18), first)


def _rows(rows: Sequence[Mapping[int, float]], width: int) -> csr_array:
    ends = np.cumsum([0, *(len(row) for row in rows)])
    columns = _ints(column for row in rows for column in row)
    values = np.fromiter((value for row in rows for value in row.values()), dtype=np.float64)
    return csr_array((values, columns, ends), shape=(len(rows), width))
