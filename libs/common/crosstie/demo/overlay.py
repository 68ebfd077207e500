"""What is invented over the contact log: who is who, who needs and offers what, who has time.

Seeded; the log itself knows departments and contacts only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosstie.instants import SECOND_US
from crosstie.simulate.draws import Draws
from crosstie.simulate.scenario import DAY_US, HOUR_US

if TYPE_CHECKING:
    from crosstie.demo.contact import Contact

Told = tuple[str, int, str, dict[str, Any]]  # id, time, noun.verb, data

_REPORTS = 4
_TOP_DEPARTMENT = "DG"  # the general direction
_TITLES = {
    7: "director general",
    6: "head of department",
    5: "head of unit",
    4: "team leader",
    3: "senior officer",
    2: "officer",
    1: "trainee",
}
_THEMES: Mapping[str, tuple[str, str]] = {  # name: a need, an offer
    "survey design": (
        "Our questionnaire takes forty minutes and half of the people give up; who can shorten it?",
        "I have designed a dozen surveys and can read a draft questionnaire.",
    ),
    "data quality": (
        "Two databases disagree about the same cases; how do you reconcile yours?",
        "I wrote our checks for incoming data and can show how to run them.",
    ),
    "statistics": (
        "I need half an hour with somebody who knows time series.",
        "Happy to look at models and time series with you.",
    ),
    "outbreak alerts": (
        "Our alerts come a week late; who has made reporting faster?",
        "I can explain how alerts travel from a laboratory to the newsroom.",
    ),
    "writing for the public": (
        "Nobody outside reads our reports; who can help to say it in plain words?",
        "I edit reports into two plain pages and like doing it.",
    ),
    "budgets": (
        "It is my first budget and I would like to see how another unit plans.",
        "I have planned budgets for years and can go through yours.",
    ),
    "recruiting": (
        "Our best candidates turn us down; what do you tell yours?",
        "I sit on many recruitment panels and can rehearse one with you.",
    ),
    "leading a team": (
        "I have just become responsible for a team and want to hear from somebody who has been there.",
        "I mentor people in their first year with a team.",
    ),
    "programming": (
        "A script that only one of us understands runs our weekly figures; who can help?",
        "I review code and can teach versions and tests.",
    ),
    "field work": (
        "We prepare visits to hospitals and have never done it before.",
        "I have led field teams and know what to pack and whom to call.",
    ),
}
_FATES = (("erased", 2), ("left", 3), ("pauses", 8), ("blocks", 3))  # how many people


class Overlay:
    """Invented facts about the people of a contact log."""

    def __init__(
        self,
        seed: int,
        departments: Mapping[str, str],
        contacts: Sequence[Contact],
        authority: str,
    ) -> None:
        self._draws = Draws(seed)
        self._departments = departments
        self._authority = authority
        self._first_day = min(each.at for each in contacts) // DAY_US * DAY_US
        self._last_day = max(each.at for each in contacts) // DAY_US * DAY_US
        self._ranks = self._ranked()
        self._joins = self._first_seen(contacts)
        self._last = self._last_seen(contacts)
        self._fated = self._fates()

    def happenings(self) -> Iterator[Told]:
        """All of it, in no order."""
        for person in self._departments:
            yield from self._arrives(person)
            yield from self._wants(person)
        yield from self._turns()

    def _arrives(self, person: str) -> Iterator[Told]:
        at, me = self._joins[person], self._person(person)
        yield f"joined-{person}", at, "member.joined", {"member": me, "consent": True}
        level = self._level(person)
        manager = self._manager(person)
        described: dict[str, Any] = {
            "member": me,
            "sector": self._departments[person],
            "role": _TITLES[level],
            "organisation": "InVS",
            "level": level,
            "interests": self._themes(person),
        }
        if manager is not None:
            described["reports_to"] = self._person(manager)
        yield f"described-{person}", at + SECOND_US, "member.described", described
        yield f"time-{person}", at + 2 * SECOND_US, "availability.set", self._time(person, level)

    def _time(self, person: str, level: int) -> dict[str, Any]:
        draws = self._draws
        time: dict[str, Any] = {
            "member": self._person(person),
            "introductions_per_week": draws.pick((0, 1, 1, 1, 2, 2, 3), "weekly", person),
            "mentors_wanted": int(level <= 3 and draws.uniform("mentor", person) < 0.4),
            "mentees_offered": draws.below(3, "mentees", person) if level >= 4 else 0,
        }
        if draws.uniform("wish", person) < 0.3:
            time["wishes"] = {"directions": [draws.pick(("up", "down", "across"), "wish", person)]}
        return time

    def _wants(self, person: str) -> Iterator[Told]:
        soon_gone = person in self._fated["erased"] + self._fated["left"]
        for kind, place, share in (("need", 0, 0.45), ("offer", 1, 0.55)):
            if not soon_gone and self._draws.uniform(kind, person) >= share:
                continue
            theme = self._draws.pick(self._themes(person), kind, "theme", person)
            data = {"member": self._person(person), "item": kind, "text": _THEMES[theme][place]}
            at = self._joins[person] + 3 * SECOND_US if soon_gone else self._later(person, kind)
            yield f"{kind}-{person}", at, f"{kind}.posted", data

    def _turns(self) -> Iterator[Told]:
        for person in self._fated["pauses"]:
            at, me = self._later(person, "pause"), {"member": self._person(person)}
            yield f"paused-{person}", at, "member.paused", me
            yield f"resumed-{person}", at + 2 * DAY_US, "member.resumed", me
        for person in self._fated["blocks"]:
            others = [each for each in self._departments if each != person]
            other = self._draws.pick(others, "blocks", person)
            pair = {"members": [self._person(person), self._person(other)]}
            at = self._later(person, "block")
            yield f"blocked-{person}", at, "member.blocked", pair | {"by": self._person(person)}
        for fate in ("left", "erased"):
            for person in self._fated[fate]:
                after = self._last[person] + HOUR_US
                yield f"{fate}-{person}", after, f"member.{fate}", {"member": self._person(person)}

    def _fates(self) -> dict[str, list[str]]:
        """Who is erased or leaves: those of whom the log soon has nothing more; others at random."""
        early = sorted(self._last, key=lambda each: (self._last[each], each))
        at_random = sorted(self._departments, key=lambda each: self._draws.uniform("fate", each))
        fated: dict[str, list[str]] = {}
        for fate, people in _FATES:
            taken = {each for others in fated.values() for each in others}
            among = early if fate in {"erased", "left"} else at_random
            fated[fate] = [each for each in among if each not in taken][:people]
        return fated

    def _ranked(self) -> dict[str, tuple[str, int]]:
        """Everybody's department and place in it; 0 leads."""
        ranks: dict[str, tuple[str, int]] = {}
        for name in sorted(set(self._departments.values())):
            people = [each for each in self._departments if self._departments[each] == name]
            people.sort(key=lambda each: self._draws.uniform("rank", each))
            ranks |= {person: (name, rank) for rank, person in enumerate(people)}
        return ranks

    def _level(self, person: str) -> int:
        manager = self._manager(person)
        if manager is None:
            return 7
        department, rank = self._ranks[person]
        if rank == 0 or department == _TOP_DEPARTMENT:
            return 6
        steep = self._draws.uniform("steep", person) < 0.4
        return max(1, self._level(manager) - 1 - steep)

    def _manager(self, person: str) -> str | None:
        """The leaders of departments report to the first of the general direction."""
        department, rank = self._ranks[person]
        if rank > 0:
            return self._holder(department, (rank - 1) // _REPORTS)
        return None if department == _TOP_DEPARTMENT else self._holder(_TOP_DEPARTMENT, 0)

    def _holder(self, department: str, rank: int) -> str | None:
        return next((each for each, at in self._ranks.items() if at == (department, rank)), None)

    def _first_seen(self, contacts: Sequence[Contact]) -> dict[str, int]:
        """People join a minute before their first contact; who never had one, on the first day."""
        joins = dict.fromkeys(self._departments, self._first_day + 8 * HOUR_US)
        for contact in sorted(contacts, key=lambda each: each.at, reverse=True):
            joins |= dict.fromkeys(contact.people, contact.at - 60 * SECOND_US)
        return joins

    def _last_seen(self, contacts: Sequence[Contact]) -> dict[str, int]:
        """When people had their last contact; not those who never had one."""
        return {
            person: contact.at
            for contact in sorted(contacts, key=lambda each: each.at)
            for person in contact.people
        }

    def _themes(self, person: str) -> list[str]:
        names = list(_THEMES)
        return sorted({self._draws.pick(names, "theme", k, person) for k in range(3)})

    def _later(self, person: str, *about: object) -> int:
        """Some working hour between joining and the last day."""
        joined = self._joins[person]
        days = max(1, (self._last_day - joined) // DAY_US + 1)
        day = joined // DAY_US + self._draws.below(days, "day", person, *about)
        at = day * DAY_US + 9 * HOUR_US + self._draws.below(9 * HOUR_US, "hour", person, *about)
        return max(at, joined + 10 * SECOND_US)

    def _person(self, name: str) -> dict[str, str]:
        return {"authority": self._authority, "id": name}
