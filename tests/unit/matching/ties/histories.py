"""Networks of ties for the tests of the ranking, stated briefly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import networkx as nx
from msgspec import structs

from crosstie.matching.ties.history import History, history
from crosstie.network.state import Tie
from crosstie.network.view import Network
from tests.unit.matching.towns import member, rows, tie

DAY = 86_400_000_000


def names(count: int) -> list[str]:
    """Subjects that sort as their numbers do."""
    return [f"P{number:04}" for number in range(count)]


def network(
    size: int, ties: Iterable[tuple[Any, ...]], sectors: Sequence[str | None] = (), **facts: Any
) -> Network:
    """Members by number; a tie is (one, other[, first day[, last day[, contacts]]])."""
    who = names(size)
    said = [
        {name: values[number] for name, values in facts.items()}
        | {"sector": sectors[number] if sectors else None}
        for number in range(size)
    ]
    people = [member(name, **each) for name, each in zip(who, said, strict=True)]
    between = [_tie(who[one], who[other], *times) for one, other, *times in ties]
    return Network.of(rows(*people, *between))


def _tie(one: str, other: str, first: int = 0, last: int = 0, contacts: int = 1) -> Tie:
    stated = tie(one, other, last=DAY * max(first, last), contacts=contacts)
    return structs.replace(stated, first=DAY * first)


def past(
    size: int, ties: Iterable[tuple[Any, ...]], sectors: Sequence[str | None] = (), **facts: Any
) -> History:
    return history(network(size, ties, sectors, **facts))


def club() -> tuple[nx.Graph[int], History]:
    """Zachary's karate club."""
    graph: nx.Graph[int] = nx.Graph(nx.karate_club_graph().edges)
    return graph, past(len(graph), sorted(graph.edges))
