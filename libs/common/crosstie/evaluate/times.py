"""When the events of a set happened: its column ts as microseconds, or as numbers of waves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from crosstie import instants
from crosstie.errors import Misconfigured, shown
from crosstie.evaluate.dataset import Dataset, number

_UNITS_US: Sequence[tuple[float, float]] = (  # numbers up to, their unit in microseconds
    (1e8, 86_400 * instants.SECOND_US),  # a day, or nothing that has a length
    (1e11, instants.SECOND_US),  # from here on since 1970
    (1e14, 1_000),
    (1e17, 1),
    (1e20, 0.001),
)
_LARGEST = _UNITS_US[-1][0]
_NUMBER = "a number below 1e20"
_ISO = "an ISO 8601 time such as 2013-06-24T08:00:00"


def moments(data: Dataset, chosen: Sequence[int]) -> list[int]:
    """Microseconds of the chosen events; numbers are days, or UNIX time where one is 1e8 or more.

    What has no time was there from the first. Raises Misconfigured, naming the line, where one is not
    as the first is.
    """
    timed = [i for i in chosen if data.events[i].ts.strip()]
    when = dict(zip(timed, _moments(data, timed), strict=True))
    first = min(when.values(), default=0)
    return [when.get(i, first) for i in chosen]


def _moments(data: Dataset, chosen: Sequence[int]) -> list[int]:
    if not chosen or math.isnan(number(data.events[chosen[0]].ts)):
        return [round(each) for each in _read(data, chosen, _instant, _ISO)]
    said = _read(data, chosen, _number, _NUMBER)
    largest = max(map(abs, said))
    unit = next(each for limit, each in _UNITS_US if largest < limit)
    return [round(each * unit) for each in said]


def waves(data: Dataset, chosen: Sequence[int]) -> list[float]:
    """The number of the wave of each chosen event. Raises Misconfigured, naming the line."""
    return _read(data, chosen, _number, f"the number of a wave, {_NUMBER}")


def _read(
    data: Dataset, chosen: Iterable[int], parse: Callable[[str], float], must_be: str
) -> list[float]:
    found = []
    for each in (data.events[i] for i in chosen):
        try:
            found.append(parse(each.ts))
        except ValueError as error:
            raise Misconfigured(
                f"ts in line {each.line} of {data.name}/events.csv is {shown(each.ts)}, must be "
                f'{must_be}; only ties hidden at random ("split": "random" in meta.json) need no times'
            ) from error
    return found


def _number(said: str) -> float:
    """Whole numbers stay whole: of nanoseconds since 1970 a float would lose the last digits."""
    if not abs(number(said)) < _LARGEST:
        raise ValueError(said)
    try:
        return int(said)
    except ValueError:
        return float(said)


def _instant(said: str) -> int:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = datetime.fromisoformat(f"{said}-01")  # a month
    return instants.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
