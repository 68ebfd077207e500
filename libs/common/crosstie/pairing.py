"""Pairs, looked up by either of the two; kept from one snapshot to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crosstie.layered import layered

Pair = tuple[str, str]
Others = Mapping[str, tuple[str, ...]]  # whom somebody is in a pair with


def others_of(pairs: Iterable[Pair]) -> Others:
    """By member, whom they are in a pair with."""
    found: dict[str, list[str]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return {who: tuple(others) for who, others in found.items()}


def others_after(others: Others, came: Iterable[Pair], went: Iterable[Pair] = ()) -> Others:
    """Once some pairs came that were not there, and some went that were."""
    news: dict[str, tuple[str, ...] | None] = {}

    def now(who: str) -> tuple[str, ...]:
        return (news[who] if who in news else others.get(who)) or ()

    for pair in went:
        for who, other in (pair, pair[::-1]):
            news[who] = tuple(each for each in now(who) if each != other) or None
    for pair in came:
        for who, other in (pair, pair[::-1]):
            news[who] = (*now(who), other)
    return layered(others, news) if news else others


def pairs_with(others: Others, whom: Iterable[str]) -> Iterator[Pair]:
    """The pairs that these are in, each (a, b) with a < b; some twice."""
    for one in whom:
        for other in others.get(one, ()):
            yield (one, other) if one < other else (other, one)
