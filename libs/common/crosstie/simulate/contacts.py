"""Who has to do with whom on one day: colleagues, lasting acquaintances, neighbours, strangers."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from functools import partial

from crosstie.simulate.lives import Happening, Lives
from crosstie.simulate.locality import Locality
from crosstie.simulate.scenario import DAY_US, HOURS, WEEKEND_SHARE, Scenario
from crosstie.simulate.words import SECTORS, SHARE_OF

# cumulative shares
_PARTNERS = ((0.50, "colleague"), (0.82, "acquaintance"), (0.96, "neighbour"), (1.0, "anyone"))
_CHANNELS = (
    (0.42, "messaged"),
    (0.64, "met"),
    (0.80, "called"),
    (0.88, "collaborated"),
    (0.95, "shared"),
    (0.98, "visited"),
    (1.0, "mentored"),
)
_ACQUAINTANCES = 7
_NEAR = 0.7  # share of acquaintances in one's own place
_FADING = 0.3  # share of acquaintances that are silent in the second half
_OUTBREAK_CONTACTS = 12  # a day and place
_OUTBREAK_DAYS = 5
_BOARD_WEEKDAY = 1
_CIRCLE = (6, 14)  # people of a theme's circle, least and most


class Contacts:
    """The contacts of one locality, day by day; nothing is kept from one day to the next."""

    def __init__(self, scenario: Scenario, locality: Locality, lives: Lives) -> None:
        self._scenario = scenario
        self._locality = locality
        self._lives = lives
        self._draws = locality.draws

    def on(self, day: int) -> list[Callable[[], Iterator[Happening]]]:
        """A day by its hours; an hour's contacts are made up when it is called."""
        rare = [*self._outbreaks(day)]
        if not self._scenario.weekend(day):
            rare += self._gatherings(day)
        everyday = self._everyday(day)

        def hour(number: int) -> Iterator[Happening]:
            for k in everyday[number]:
                yield from self._contact(self._initiator(day, k), day, "everyday", k)
            yield from (each for each in rare if self._scenario.hour_of(each[0]) == number)

        return [partial(hour, number) for number in range(HOURS)]

    def _everyday(self, day: int) -> list[array[int]]:
        """Numbers of the day's ordinary contacts, by hour."""
        wanted = self._locality.members * self._scenario.contacts_per_day
        if self._scenario.weekend(day):
            wanted *= WEEKEND_SHARE
        hours: list[array[int]] = [array("I") for _ in range(HOURS)]
        for k in range(round(wanted)):
            time = self._scenario.at_work(self._draws, day, "everyday", k)
            hours[self._scenario.hour_of(time)].append(k)
        return hours

    def _outbreaks(self, day: int) -> Iterator[Happening]:
        for outbreak in self._lives.outbreaks:
            if not outbreak.first_day <= day < outbreak.first_day + _OUTBREAK_DAYS:
                continue
            for place in sorted(outbreak.places):
                for k in range(_OUTBREAK_CONTACTS):
                    number = self._in_place(place, "outbreak", day, k)
                    yield from self._contact(number, day, "outbreak", outbreak.number, place, k)

    def _contact(self, number: int, day: int, *about: object) -> Iterator[Happening]:
        other = self._partner(number, day, *about)
        time = self._scenario.at_work(self._draws, day, *about)
        if other is None or other == number:
            return
        if not (self._lives.takes_part(number, time) and self._lives.takes_part(other, time)):
            return
        me, them = self._lives.person(number), self._lives.person(other)
        channel = self._by_share(_CHANNELS, "channel", day, *about)
        data = {"members": [me, them], "channel": channel, "started_by": me}
        yield time, "contact.made", data

    def _initiator(self, day: int, k: int) -> int:
        """Someone at random, the active more often: of two, the more active."""
        one, other = (
            self._draws.below(self._locality.members, "initiator", which, day, k)
            for which in (0, 1)
        )
        return max(one, other, key=lambda number: self._draws.uniform("active", number))

    def _partner(self, number: int, day: int, *about: object) -> int | None:
        kind = self._by_share(_PARTNERS, "partner", day, *about)
        draws = self._draws
        if kind == "colleague":
            place, sector, first = self._locality.colleagues(number)
            rank = first + draws.below(SECTORS[sector].team, "colleague", day, *about)
            return self._locality.seated(place, sector, rank)
        if kind == "acquaintance":
            # the first are met far more often than the last
            k = int(_ACQUAINTANCES * draws.uniform("acquaintance", day, *about) ** 2)
            return self._acquaintance(number, k, day)
        if kind == "neighbour":
            return self._in_place(number // SHARE_OF, "neighbour", day, *about)
        return draws.below(self._locality.members, "anyone", day, *about)

    def _acquaintance(self, number: int, k: int, day: int) -> int | None:
        """The k-th outside acquaintance of someone, always the same one; None once it has faded."""
        draws = self._draws
        fades = draws.uniform("fades", number, k) < _FADING
        if fades and day > self._scenario.days // 2:
            return None
        if draws.uniform("near", number, k) < _NEAR:
            return self._in_place(number // SHARE_OF, "knows", number, k)
        return draws.below(self._locality.members, "knows", number, k)

    def _gatherings(self, day: int) -> Iterator[Happening]:
        """Each place's leaders once a week, and a circle about some theme once a week."""
        weekday = (self._scenario.start // DAY_US + day + 3) % 7  # 1970-01-01: a Thursday
        for place in range(-(-self._locality.members // SHARE_OF)):
            if weekday == _BOARD_WEEKDAY:
                leaders = (
                    self._locality.seated(place, sector, 0) for sector in range(len(SECTORS))
                )
                came = [
                    each
                    for each in leaders
                    if each is not None and self._draws.uniform("board", day, each) < 0.7
                ]
                yield from self._gathering(came, day, "board", place)
            if weekday == self._draws.below(5, "circle day", place):
                least, most = _CIRCLE
                size = least + self._draws.below(most - least + 1, "circle size", place, day)
                came = [
                    self._in_place(place, "circle", place, day // 14, k) for k in range(size // 2)
                ]
                came += [self._in_place(place, "newcomer", day, k) for k in range(size - size // 2)]
                yield from self._gathering(came, day, "circle", place)

    def _gathering(self, came: list[int], day: int, *about: object) -> Iterator[Happening]:
        time = self._scenario.at_work(self._draws, day, *about)
        present = [each for each in dict.fromkeys(came) if self._lives.takes_part(each, time)]
        if len(present) >= 2:
            yield time, "gathering.held", {"members": [self._lives.person(n) for n in present]}

    def _in_place(self, place: int, *about: object) -> int:
        first = place * SHARE_OF
        people = min(SHARE_OF, self._locality.members - first)
        return first + self._draws.below(people, "in place", place, *about)

    def _by_share(self, shares: tuple[tuple[float, str], ...], *about: object) -> str:
        point = self._draws.uniform(*about)
        return next(name for share, name in shares if point < share)
