"""What is simulated: how many people, how long, from when; and the calendar of their days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from crosstie import instants
from crosstie.errors import Misconfigured, shown
from crosstie.simulate.draws import Draws

DAY_US = 86_400 * instants.SECOND_US
HOUR_US = 3_600 * instants.SECOND_US
HOURS = 24
FIRST_HOUR, WORKING_HOURS = 8, 10
WEEKEND_SHARE = 0.1
# a Monday; in the past, because the door refuses what has not happened yet
START = instants.from_datetime(datetime(2026, 1, 5, tzinfo=UTC))
LATEST = instants.from_datetime(datetime(9999, 1, 1, tzinfo=UTC))  # later a year has five digits
FEWEST, MOST = 50, 1_000_000
MOST_CONTACTS = 100
_SPELT: Mapping[str, tuple[re.Pattern[str], str]] = {  # as the door takes them
    "authority": (re.compile(r"[a-z0-9-]{1,40}"), "1 to 40 of a-z, 0-9 and -"),
    "source": (re.compile(r"[\x21-\x7e]{1,256}"), "1 to 256 printable characters without spaces"),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulation: equal scenarios give equal bytes."""

    members: int = 500
    seed: int = 1
    days: int = 28
    start: int = START  # midnight of the first day, microseconds
    authority: str = "locality"
    source: str = "/simulated/locality"
    contacts_per_day: float = 1.2  # started by one person on a working day
    late: float = 0.0  # share of events that are sent later than they happened
    doubled: float = 0.0  # share of events that are sent twice

    def __post_init__(self) -> None:
        if not FEWEST <= self.members <= MOST:
            raise Misconfigured(f"members is {self.members}, must be {FEWEST} to {MOST}")
        if not 1 <= self.days <= 3_650:
            raise Misconfigured(f"days is {self.days}, must be 1 to 3650")
        if not 0 <= self.contacts_per_day <= MOST_CONTACTS:
            raise Misconfigured(
                f"contacts_per_day is {self.contacts_per_day}, must be 0 to {MOST_CONTACTS}"
            )
        for name in ("late", "doubled"):
            if not 0 <= (share := getattr(self, name)) <= 1:
                raise Misconfigured(f"{name} is {share}, must be a share, 0 to 1")
        for name, (pattern, spelt) in _SPELT.items():
            if not pattern.fullmatch(said := getattr(self, name)):
                raise Misconfigured(f"{name} is {shown(said)}, must be {spelt}")
        if self.end > LATEST:
            begins, latest = (instants.to_datetime(each).date() for each in (self.start, LATEST))
            raise Misconfigured(
                f"start is {begins} and days {self.days}, must end by {latest}; begin earlier"
            )

    @property
    def end(self) -> int:
        """Midnight after the last day."""
        return self.start + self.days * DAY_US

    def day_of(self, time: int) -> int:
        return (time - self.start) // DAY_US

    def hour_of(self, time: int) -> int:
        """Of its day, 0 to 23."""
        return (time - self.start) // HOUR_US % HOURS

    def at_work(self, draws: Draws, day: int, *about: object) -> int:
        """Some moment of that day's working hours."""
        hours = FIRST_HOUR + WORKING_HOURS * draws.uniform("moment", day, *about)
        return self.start + day * DAY_US + round(hours * HOUR_US)

    def weekend(self, day: int) -> bool:
        return instants.to_datetime(self.start + day * DAY_US).weekday() >= 5
