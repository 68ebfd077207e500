"""Who lives in the made-up locality: each person a function of seed and number, none of them stored.

Places of 200 people; in each, organisations of ten sectors; in each organisation a tree of
reporting lines, three reports to a manager.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from crosstie.simulate.draws import Draws
from crosstie.simulate.words import PLACES, SECTORS, SHARE_OF, THEMES, TITLES, Sector, Theme

REPORTS = 3
_STEEP = 0.4  # share of reports who are two levels below their manager
_INTERESTS = 3
_CACHED_PEOPLE = 1 << 16


def _interleaved() -> tuple[tuple[int, int], ...]:
    """(sector, rank in it) of the people of a place, so mixed that any first few cover many sectors."""
    seats = [
        ((rank + 0.5) / sector.people, number, rank)
        for number, sector in enumerate(SECTORS)
        for rank in range(sector.people)
    ]
    leaders = [seat for seat in seats if seat[2] == 0]
    others = [seat for seat in seats if seat[2] > 0]
    return tuple((number, rank) for _, number, rank in sorted(leaders) + sorted(others))


_SEATS = _interleaved()
_SEAT_OF = {seat: position for position, seat in enumerate(_SEATS)}


@dataclass(frozen=True, slots=True)
class Resident:
    """One person, as a platform would describe them."""

    number: int
    id: str
    sector: Sector
    profession: str
    role: str
    organisation: str
    place: str
    level: int
    reports_to: int | None
    themes: tuple[Theme, ...]


class Locality:
    """The people of one seed, numbered from 0; the first `members` of them take part."""

    def __init__(self, seed: int, members: int) -> None:
        self.members = members
        self.draws = Draws(seed)
        self.resident = lru_cache(_CACHED_PEOPLE)(self._resident)

    def colleagues(self, number: int) -> tuple[int, int, int]:
        """Where the organisation of someone sits: place, sector, first rank in it."""
        place, position = divmod(number, SHARE_OF)
        sector, rank = _SEATS[position]
        return place, sector, rank - rank % SECTORS[sector].team

    def seated(self, place: int, sector: int, rank: int) -> int | None:
        """Who holds that seat; None where there is no such seat, or its holder does not take part."""
        position = _SEAT_OF.get((sector, rank))
        if position is None:
            return None
        number = place * SHARE_OF + position
        return number if number < self.members else None

    def _resident(self, number: int) -> Resident:
        place, position = divmod(number, SHARE_OF)
        kind, rank = _SEATS[position]
        sector = SECTORS[kind]
        team, seat = divmod(rank, sector.team)
        manager = None
        level = sector.top
        if seat > 0:
            manager = self.seated(place, kind, team * sector.team + (seat - 1) // REPORTS)
            above = self.resident(manager).level if manager is not None else sector.top
            level = max(1, above - 1 - (self.draws.uniform("steep", number) < _STEEP))
        profession = self.draws.pick(sector.professions, "profession", number)
        role = sector.leader if seat == 0 else TITLES[level].format(profession=profession)
        place_name = _place(place)
        return Resident(
            number=number,
            id=f"p{number:07d}",
            sector=sector,
            profession=profession,
            role=role,
            organisation=sector.organisation.format(place=place_name, number=team + 1),
            place=place_name,
            level=level,
            reports_to=manager,
            themes=self._themes(number, kind),
        )

    def _themes(self, number: int, sector: int) -> tuple[Theme, ...]:
        """One that the sector shares, others of one's own."""
        first = (3 * sector + self.draws.below(3, "shared theme", number)) % len(THEMES)
        step = 1 + self.draws.below(len(THEMES) - 1, "own themes", number)
        numbers = dict.fromkeys((first + k * step) % len(THEMES) for k in range(_INTERESTS))
        return tuple(THEMES[each] for each in numbers)


def _place(number: int) -> str:
    """Names come round again with a number behind them: a locality of 10,000 has 50 places."""
    name, turn = PLACES[number % len(PLACES)], number // len(PLACES)
    return name if turn == 0 else f"{name} {turn + 1}"
