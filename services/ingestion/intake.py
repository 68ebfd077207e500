"""From arrivals to the log, the same for both doors: look people up, seal, append, erase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from crosstie import instants
from crosstie.door.arrival import Arrival
from crosstie.door.entries import entries, erasure
from crosstie.erasures import Erasure, Erasures, Unlogged
from crosstie.errors import Rejected
from crosstie.events import Gathering, MemberData, Person
from crosstie.runtime.telemetry import logger
from crosstie.vault import Subject, Vault
from services.ingestion.log import Log
from services.ingestion.room import Room

log = logger("ingestion")
MOST_ENTRIES = 20_000
MOST_IN_HAND = 3 * MOST_ENTRIES  # of all requests and batches: about 1 KB of memory each
UNFINISHED_SECONDS = 60.0


class Intake:
    """Takes arrivals in. Raises Transient; then all of them may be sent again without harm.

    Who calls `take` holds `room` for the entries meanwhile.
    """

    def __init__(self, vault: Vault, erasures: Erasures, to: Log, topic: str) -> None:
        self._vault = vault
        self._erasures = erasures
        self._log = to
        self._topic = topic
        self.room = Room(MOST_IN_HAND)

    async def take(self, arrivals: Iterable[Arrival]) -> list[Rejected | None]:
        """Log `arrivals` in order; returns once all are acknowledged, with who was refused and why."""
        answers: list[Rejected | None] = []
        for step in steps(arrivals):
            refused = await self._append([each for each in step if not each.erases])
            await self._erase([each for each in step if each.erases])
            answers += [refused.get(each) for each in step]
        return answers

    async def finish_erasures(self) -> None:
        """Log the erasures that a crash or an absent broker left between vault and log."""
        await self._log_erasures(await self._erasures.unlogged(UNFINISHED_SECONDS))

    async def _append(self, arrivals: Sequence[Arrival]) -> dict[Arrival, Rejected]:
        """Log `arrivals`, but for those that name someone who was erased since."""
        subjects = await self._vault.subjects(_latest(arrivals))
        present = [(each, _present(each, subjects)) for each in arrivals]
        told = [(each, people) for each, people in present if _spoken_of(each, people)]
        records = chain.from_iterable(entries(*each) for each in told)
        await self._log.append(self._topic, records, weight(each for each, _ in told))
        return {each: _erased(each) for each, people in present if not _spoken_of(each, people)}

    async def _erase(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        asked = [Erasure(_member(each), each.time, each.source, each.id) for each in arrivals]
        unlogged = await self._erasures.retire(asked)
        for each in asked:
            self._vault.forget(each.person)
        await self._log_erasures(unlogged)

    async def _log_erasures(self, unlogged: Sequence[Unlogged]) -> None:
        if not unlogged:
            return
        records = [erasure(each.source, each.id, each.time, each.subject) for each in unlogged]
        await self._log.append(self._topic, records, len(records))
        await self._erasures.logged(unlogged)
        for each in unlogged:
            log.info("erased", subject=each.subject)


def weight(arrivals: Iterable[Arrival]) -> int:
    """How many entries of the log `arrivals` become."""
    return sum(each.entries for each in arrivals)


def steps(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """Cut `arrivals` so that in each step all else may be logged before the erasures."""
    step: list[Arrival] = []
    erased: set[Person] = set()
    for each in arrivals:
        if not each.erases and not erased.isdisjoint(each.people):
            yield step
            step, erased = [], set()
        step.append(each)
        if each.erases:
            erased |= each.people
    if step:
        yield step


def _latest(arrivals: Iterable[Arrival]) -> dict[Person, int]:
    latest: dict[Person, int] = {}
    for arrival in arrivals:
        for person in arrival.people:
            latest[person] = max(arrival.time, latest.get(person, arrival.time))
    return latest


def _present(arrival: Arrival, subjects: Mapping[Person, Subject]) -> dict[Person, Subject]:
    """Those of the arrival who were not erased since it happened."""
    found = ((person, subjects.get(person)) for person in arrival.people)
    return {
        person: subject
        for person, subject in found
        if subject is not None and (subject.erased is None or subject.erased < arrival.time)
    }


def _spoken_of(arrival: Arrival, present: Mapping[Person, Subject]) -> bool:
    """Whether enough of its people are there to say it: all, or two of a gathering."""
    if isinstance(arrival.data, Gathering):
        return len(present) > 1
    return len(present) == len(arrival.people)


def _erased(arrival: Arrival) -> Rejected:
    return Rejected(
        "/time",
        instants.to_rfc3339(arrival.time),
        "after the erasure of everyone it names",
        "nothing to do: someone it names was erased; if they joined again, date events after that",
    )


def _member(arrival: Arrival) -> Person:
    assert isinstance(arrival.data, MemberData)
    member: Person = arrival.data.member
    return member
