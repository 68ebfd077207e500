"""Min-cost flow: what an assignment asks of a solver, and the solver that answers where it is asked.

It holds Python's lock to its end. Whoever has others to answer meanwhile hands in another `Solver`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crosstie.matching.arrays import Bools

TYPES = (np.int32, np.int32, np.int64, np.int64)  # of the arcs, as the solver takes them


class Problem(NamedTuple):
    """Arcs (tail, head, capacity, cost), and how much is to go from `source` to `sink`.

    The arcs are taken out as they are handed on: of many, nobody holds two copies.
    """

    arcs: list[NDArray[Any]]  # of TYPES
    source: int
    sink: int
    supply: int


class Flow(NamedTuple):
    """By arc whether it carries anything, and what all of it costs."""

    carries: Bools
    cost: int


Solver: TypeAlias = Callable[[Problem], Flow]  # wherever it computes, the flow is that of `solved`


def solved(problem: Problem) -> Flow:
    """The cheapest way for all of the supply, which the arcs must have room for.

    Cost scaling, OR-Tools SimpleMinCostFlow: Goldberg, An efficient implementation of a scaling
    minimum-cost flow algorithm, J. Algorithms 22 (1997).
    """
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415  only where it solves

    arcs, *ends, supply = problem
    solver = min_cost_flow.SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(*arcs)
    arcs.clear()
    solver.set_nodes_supplies(np.array(ends), np.array([supply, -supply]))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise AssertionError(f"min-cost flow ended with status {status}: is there room for all?")
    return Flow(solver.flows(numbers) > 0, int(solver.optimal_cost()))
