"""What both doors do with events whose sender is known: check each, take in what passes, count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from crosstie.door.arrival import Arrival, checked
from crosstie.errors import Rejected
from crosstie.registry import Platform
from crosstie.runtime.series import counter
from crosstie.runtime.telemetry import logger

log = logger("ingestion")
Door = Literal["http", "kafka"]
EVENTS = counter(
    "crosstie_ingestion_events",
    "Events at either door (http, kafka) by what became of them: accepted, rejected",
    door=get_args(Door),
    result=("accepted", "rejected"),
)


def judged(event: Any, platform: Platform, at: int) -> Arrival | Rejected:
    """The event checked, or why not; a Rejected was unreadable, and stays what it is."""
    if isinstance(event, Rejected):
        return event
    try:
        return checked(event, platform, at)
    except Rejected as rejected:
        return rejected
    # whatever a stranger's event does to our code, its neighbours go on
    except Exception as error:  # noqa: BLE001
        log.error("check failed", platform=platform.name, error=type(error).__name__)
        return Rejected("", type(error).__name__, "an event that can be checked", "report it")


def settled(
    results: Sequence[Arrival | Rejected], late: Iterable[Rejected | None]
) -> list[Rejected | None]:
    """The last word on each, given what was said of the arrivals among them when taken in."""
    words = iter(late)
    return [next(words) if isinstance(each, Arrival) else each for each in results]


def count(door: Door, platform: str, reasons: Sequence[Rejected | None]) -> None:
    """One log line and the counters for what came at once."""
    rejected = sum(each is not None for each in reasons)
    accepted = len(reasons) - rejected
    EVENTS.labels(door, "accepted").inc(accepted)
    EVENTS.labels(door, "rejected").inc(rejected)
    log.info("received", door=door, platform=platform, accepted=accepted, rejected=rejected)
