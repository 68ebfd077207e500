"""What happens to one person: joining, needs and offers, time to give, pausing, leaving, erasure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crosstie.instants import SECOND_US
from crosstie.simulate.locality import Locality, Resident
from crosstie.simulate.scenario import DAY_US, Scenario
from crosstie.simulate.words import SHARE_OF, THEMES

Happening = tuple[int, str, dict[str, Any]]  # time, noun.verb, data

_GOLDEN = 0.6180339887498949  # spreads fates evenly, so that 50 people have one of each
_FATES = (  # share of people, by what becomes of them; the rest just stay
    (0.02, "unasked"),  # known, but never consented
    (0.02, "withdraws"),
    (0.03, "leaves"),
    (0.02, "erased"),
    (0.06, "pauses"),
    (0.04, "blocks"),
    (0.05, "promoted"),
)
_ENDS = {"withdraws": "consent.withdrawn", "leaves": "member.left", "erased": "member.erased"}
_LATE_JOINERS = 0.2
_WEEKLY = (0, 1, 1, 1, 1, 2, 2, 2, 3, 4)  # introductions per week, as people choose
_OUTBREAK_PLACES = 3


@dataclass(frozen=True, slots=True)
class Outbreak:
    """One problem that turns up in a few places at once, told as needs, with many contacts."""

    number: int
    first_day: int
    theme: str
    places: frozenset[int]


class Lives:
    """The lives of one locality, each computed when it is asked for."""

    def __init__(self, scenario: Scenario, locality: Locality) -> None:
        self._scenario = scenario
        self._locality = locality
        self._draws = locality.draws
        self.outbreaks = tuple(
            self._outbreak(number) for number in range(max(1, scenario.days // 7))
        )

    def joins(self, number: int) -> int:
        """When someone joined: most on the first two days, some later, as whole organisations."""
        draws = self._draws
        organisation = self._locality.colleagues(number)
        late = draws.uniform("late joiners", *organisation) < _LATE_JOINERS
        day = draws.below(self._scenario.days, "join day", *organisation) if late else 0
        day = min(day + draws.below(2, "join", number), self._scenario.days - 1)
        return self._scenario.at_work(draws, day, "joins", number)

    def ends(self, number: int) -> int | None:
        """When someone left for good."""
        return self._turn(number) if self.fate(number) in _ENDS else None

    def fate(self, number: int) -> str:
        point = (number * _GOLDEN + self._draws.uniform("fates")) % 1.0
        for share, fate in _FATES:
            if point < share:
                return fate
            point -= share
        return "stays"

    def takes_part(self, number: int, time: int) -> bool:
        """Whether someone is here at that moment."""
        ends = self.ends(number)
        return self.joins(number) <= time and (ends is None or time < ends)

    def of(self, number: int) -> list[Happening]:
        """All of one life up to its end, by time."""
        person = self._locality.resident(number)
        told = [*self._arrival(person), *self._wants(person)]
        told += [*self._struck(person), *self._turns(person)]
        ends, last = self.ends(number), self._scenario.end
        return sorted(
            (each for each in told if each[0] < last and (ends is None or each[0] <= ends)),
            key=lambda each: each[:2],
        )

    def person(self, number: int) -> dict[str, str]:
        """How the outside names someone."""
        return {
            "authority": self._scenario.authority,
            "id": self._locality.resident(number).id,
        }

    def _arrival(self, person: Resident) -> Iterator[Happening]:
        me = self.person(person.number)
        at = self.joins(person.number)
        yield at, "member.joined", {"member": me, "consent": self.fate(person.number) != "unasked"}
        described: dict[str, Any] = {
            "member": me,
            "sector": person.sector.name,
            "profession": person.profession,
            "role": person.role,
            "organisation": person.organisation,
            "place": person.place,
            "level": person.level,
            "interests": [theme.name for theme in person.themes],
        }
        if person.reports_to is not None:
            described["reports_to"] = self.person(person.reports_to)
        yield at + SECOND_US, "member.described", described
        yield at + 2 * SECOND_US, "availability.set", self._availability(person, "first")
        if self._draws.uniform("reconsiders", person.number) < 0.1:
            yield (
                self._later(person.number, "reconsiders"),
                "availability.set",
                self._availability(person, "second"),
            )

    def _availability(self, person: Resident, which: str) -> dict[str, Any]:
        draws, number = self._draws, person.number
        data: dict[str, Any] = {
            "member": self.person(number),
            "introductions_per_week": draws.pick(_WEEKLY, which, "weekly", number),
            "mentors_wanted": int(
                person.level <= 4 and draws.uniform("mentors", number) < 0.6 - 0.1 * person.level
            ),
            "mentees_offered": (
                draws.below(3, which, "mentees", number) if person.level >= 4 else 0
            ),
        }
        wishes: dict[str, Any] = {}
        if draws.uniform("wishes a direction", number) < 0.3:
            wishes["directions"] = [draws.pick(("up", "down", "across"), "direction", number)]
        if draws.uniform("wishes a sector", number) < 0.15:
            neighbour = self._locality.resident(
                draws.below(self._locality.members, "sector", number)
            )
            wishes["sectors"] = [neighbour.sector.name]
        return data | {"wishes": wishes} if wishes else data

    def _wants(self, person: Resident) -> Iterator[Happening]:
        """Needs and offers of one's own: half of them from the start, some settled later."""
        draws, number = self._draws, person.number
        for kind, share, settled in (
            ("need", 0.5, "need.resolved"),
            ("offer", 0.35 + 0.05 * person.level, "offer.withdrawn"),
        ):
            if draws.uniform(kind, number) >= share:
                continue
            theme = draws.pick(person.themes, kind, "theme", number)
            text = draws.pick(theme.needs if kind == "need" else theme.offers, kind, "text", number)
            posted = self.joins(number) + 3 * SECOND_US
            if draws.uniform(kind, "when", number) < 0.5:
                posted = self._later(number, kind)
            item = f"{kind}-1"
            yield posted, f"{kind}.posted", self._item(person, item, text)
            after = self._later(number, kind, "settled")
            if draws.uniform(kind, "settled", number) < 0.25 and after > posted:
                yield after, settled, {"member": self.person(number), "item": item}

    def _struck(self, person: Resident) -> Iterator[Happening]:
        """Needs that outbreaks of a shared problem bring."""
        draws, number = self._draws, person.number
        place = self._locality.colleagues(number)[0]
        themes = {theme.name: theme for theme in person.themes}
        for outbreak in self.outbreaks:
            about = ("struck", outbreak.number, number)
            if place not in outbreak.places or outbreak.theme not in themes:
                continue
            day = outbreak.first_day + draws.below(3, "day", *about)
            at = self._scenario.at_work(draws, day, *about)
            if draws.uniform(*about) < 0.5 and at > self.joins(number) + 3 * SECOND_US:
                text = themes[outbreak.theme].needs[0]
                item = f"need-outbreak-{outbreak.number}"
                yield at, "need.posted", self._item(person, item, text)

    def _item(self, person: Resident, item: str, text: str) -> dict[str, Any]:
        filled = text.format(place=person.place, setting=person.sector.setting)
        return {"member": self.person(person.number), "item": item, "text": filled}

    def _turns(self, person: Resident) -> Iterator[Happening]:
        number, me = person.number, self.person(person.number)
        fate, at = self.fate(number), self._turn(number)
        if fate in _ENDS:
            yield at, _ENDS[fate], {"member": me}
        elif fate == "pauses":
            yield at, "member.paused", {"member": me}
            days = 3 + self._draws.below(8, "pause", number)
            yield at + days * DAY_US, "member.resumed", {"member": me}
        elif fate == "promoted" and person.level < 7:
            yield at, "member.described", {"member": me, "level": person.level + 1}
        elif fate == "blocks":
            other = self._draws.below(self._locality.members, "blocks", number)
            if other != number:
                pair = [me, self.person(other)]
                yield at, "member.blocked", {"members": pair, "by": me}

    def _turn(self, number: int) -> int:
        return self._later(number, "turn")

    def _later(self, number: int, *about: object) -> int:
        """Some working moment after joining; past the end when too little time is left."""
        joined = self._scenario.day_of(self.joins(number))
        left = max(1, self._scenario.days - joined - 1)
        day = joined + 1 + self._draws.below(left, "later", number, *about)
        return self._scenario.at_work(self._draws, day, number, *about)

    def _outbreak(self, number: int) -> Outbreak:
        draws = self._draws
        places = -(-self._locality.members // SHARE_OF)
        first = min(7 * number + draws.below(5, "outbreak day", number), self._scenario.days - 1)
        hit = {draws.below(places, "outbreak place", number, k) for k in range(_OUTBREAK_PLACES)}
        theme = draws.pick(THEMES, "outbreak theme", number)
        return Outbreak(number, first, theme.name, frozenset(hit))
