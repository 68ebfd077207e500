"""Ours and others' ways of solving assignment problems, each as its makers show it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.problems import Problem
from crosstie.matching.arrays import Bools, Ints

Solver = Callable[[Problem], Bools]


def crosstie(problem: Problem) -> Bools:
    """The production code, as a round calls it."""
    from crosstie.matching import assignment  # noqa: PLC0415  highspy bears no ortools beside it

    if problem.kind == "introductions":
        return assignment.introductions(problem.one, problem.other, problem.worth, problem.slots)[0]
    allowed = np.flatnonzero(problem.allowed)
    chosen = np.zeros(len(problem.one), dtype=np.bool_)
    chosen[allowed] = assignment.mentors(
        problem.one[allowed],
        problem.other[allowed],
        problem.worth[allowed],
        offered=problem.slots,
        wanted=problem.slots,
        taken=np.zeros_like(problem.slots),
        slot_step=problem.step,
    )
    return chosen


def min_cost_flow(problem: Problem) -> Bools:
    """OR-Tools SimpleMinCostFlow: mentees to mentors to a sink, an arc for each slot of a mentor."""
    from ortools.graph.python import min_cost_flow as flow  # noqa: PLC0415

    allowed = np.flatnonzero(problem.allowed)
    size = len(problem.slots)
    source, sink = size, size + 1
    mentees = np.unique(problem.other[allowed])
    mentors = np.unique(problem.one[allowed])
    slot = np.repeat(mentors, problem.slots[mentors])
    nth = np.concatenate([np.arange(n) for n in problem.slots[mentors].tolist()])
    solver = flow.SimpleMinCostFlow()
    one = np.ones_like
    solver.add_arcs_with_capacity_and_unit_cost(
        0 * mentees + source, mentees, problem.slots[mentees], 0 * mentees
    )
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        problem.other[allowed],
        problem.one[allowed],
        one(allowed),
        -problem.worth[allowed],
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        slot, 0 * slot + sink, one(slot), nth * problem.step
    )
    supply = int(problem.slots[mentees].sum())
    solver.add_arcs_with_capacity_and_unit_cost(*(np.array([n]) for n in (source, sink, supply, 0)))
    solver.set_nodes_supplies(np.array([source, sink]), np.array([supply, -supply]))
    assert solver.solve() == solver.OPTIMAL
    chosen = np.zeros(len(problem.one), dtype=np.bool_)
    chosen[allowed] = solver.flows(arcs) > 0
    return chosen


def linear_assignment(problem: Problem) -> Bools:
    """OR-Tools SimpleLinearSumAssignment: a row for each slot of a mentor, and nobody as a choice."""
    from ortools.graph.python import linear_sum_assignment as linear  # noqa: PLC0415

    mentor, worth = _copied(problem)
    rows, columns = worth.shape
    size = rows + columns  # everybody may stay alone
    k, j = np.nonzero(worth > 0)
    i = np.arange(size)
    alone_row, alone_column = np.arange(rows), np.arange(columns)
    left = np.concatenate([k, alone_row, rows + alone_column, rows + j])
    right = np.concatenate([j, columns + alone_row, alone_column, columns + k])
    zero = np.zeros(rows + columns + len(k), dtype=np.int64)
    solver = linear.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(left, right, np.concatenate([-worth[k, j], zero]))
    assert solver.solve() == solver.OPTIMAL
    there = np.array([solver.right_mate(each) for each in i[:rows].tolist()])
    return _chosen(problem, mentor, np.flatnonzero(there < columns), there[there < columns])


def scipy(problem: Problem) -> Bools:
    """SciPy linear_sum_assignment: a row for each slot of a mentor."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    mentor, worth = _copied(problem)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    good = worth[rows, columns] > 0
    return _chosen(problem, mentor, rows[good], columns[good])


def stable(problem: Problem) -> Bools:
    """PyPI `matching`: hospitals and residents, each ranking whom they may by worth."""
    from matching.games import HospitalResident  # noqa: PLC0415

    allowed = np.flatnonzero(problem.allowed)
    order = allowed[np.argsort(-problem.worth[allowed], kind="stable")]
    mentees: dict[str, list[str]] = {}
    mentors: dict[str, list[str]] = {}
    for k in order.tolist():
        mentor, mentee = f"M{problem.one[k]}", f"E{problem.other[k]}"
        mentees.setdefault(mentee, []).append(mentor)
        mentors.setdefault(mentor, []).append(mentee)
    slots = {mentor: int(problem.slots[int(mentor[1:])]) for mentor in mentors}
    sys.setrecursionlimit(1_000_000)  # it copies everyone and whom they rank, deep
    game = HospitalResident.create_from_dictionaries(mentees, mentors, slots)
    made = game.solve(optimal="resident")
    return _among(
        problem,
        {
            (int(mentor.name[1:]), int(mentee.name[1:]))
            for mentor, theirs in made.items()
            for mentee in theirs
        },
    )


def mentormatch(problem: Problem) -> Bools:
    """PyPI `mentormatch`: its two passes; mentees name their 20 best, what else it asks is neutral."""
    from mentormatch.api.app.setup_app_context import Context  # noqa: PLC0415
    from mentormatch.utils import ApplicantType, PairType  # noqa: PLC0415

    def person(i: int) -> dict[str, object]:
        return {
            "wwid": i,
            "first_name": str(i),
            "last_name": "p",
            "position_level": int(problem.level[i]),
            "years_total": 10 * int(problem.level[i]),
            "skills": [],
            "function": "f",
            "location": "l",
            "gender": "g",
            "preference_yes": ["l", "g", "a", "b"],
            "preference_no": [],
            "preference_maybe": [],
            "max_mentee_count": int(problem.slots[i]),
        }

    allowed = np.flatnonzero(problem.allowed)
    order = allowed[np.argsort(-problem.worth[allowed], kind="stable")]
    best: dict[int, list[int]] = {}
    for mentor, mentee in zip(
        problem.one[order].tolist(), problem.other[order].tolist(), strict=True
    ):
        if len(theirs := best.setdefault(mentee, [])) < 20:
            theirs.append(mentor)
    mentees = [
        person(i) | {"favor": 0, "preferred_functions": [], "preferred_wwids": best.get(i, [])}
        for i in np.unique(problem.other).tolist()
    ]
    context = Context([person(i) for i in np.unique(problem.one).tolist()], mentees)
    for who in (ApplicantType.MENTOR, ApplicantType.MENTEE):
        context.get_applicants(who).assemble_applicant_objects()
    for how in (PairType.PREFERRED, PairType.RANDOM):
        context.get_matcher(how).execute()
    found = context.get_applicants(ApplicantType.MENTOR)
    return _among(
        problem,
        {(pair.mentor.wwid, pair.mentee.wwid) for each in found for pair in each.yield_pairs},
    )


def highs(problem: Problem) -> Bools:
    """HiGHS: an integer programme, solved to a gap of 0.1 %."""
    import highspy  # noqa: PLC0415

    size, count = len(problem.slots), len(problem.one)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, size
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = problem.worth / 1e6
    model.col_lower_, model.col_upper_ = np.zeros(count), np.ones(count)
    model.row_lower_, model.row_upper_ = np.zeros(size), problem.slots.astype(np.float64)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(0, 2 * count + 1, 2)
    model.a_matrix_.index_ = np.column_stack([problem.one, problem.other]).ravel()
    model.a_matrix_.value_ = np.ones(2 * count)
    model.integrality_ = [highspy.HighsVarType.kInteger] * count
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 1e-3)
    solver.passModel(model)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return np.asarray(np.array(solver.getSolution().col_value) > 0.5)


MENTORING: Mapping[str, Solver] = {
    "crosstie": crosstie,
    "ortools min-cost flow": min_cost_flow,
    "ortools linear assignment": linear_assignment,
    "scipy": scipy,
    "matching": stable,
    "mentormatch": mentormatch,
}
SOLVERS: Mapping[str, Mapping[str, Solver]] = {
    "mentors": MENTORING,
    "candidates": {each: MENTORING[each] for each in ("crosstie", "ortools min-cost flow")},
    "introductions": {"crosstie": crosstie, "highs": highs},
}


def _copied(problem: Problem) -> tuple[Ints, Ints]:
    """A row for each slot of a mentor: who it is, and worth by mentee, 0 where not allowed."""
    mentors, mentees = np.unique(problem.one), np.unique(problem.other)
    table = np.zeros((len(mentors), len(mentees)), dtype=np.int64)
    place = np.searchsorted(mentors, problem.one), np.searchsorted(mentees, problem.other)
    table[place] = np.where(problem.allowed, problem.worth, 0)
    row = np.repeat(np.arange(len(mentors)), problem.slots[mentors])
    nth = np.concatenate([np.arange(n) for n in problem.slots[mentors].tolist()])
    return mentors[row], np.maximum(table[row] - nth[:, None] * problem.step, 0)


def _chosen(problem: Problem, mentor: Ints, rows: Ints, columns: Ints) -> Bools:
    mentees = np.unique(problem.other)
    pairs = zip(mentor[rows].tolist(), mentees[columns].tolist(), strict=True)
    return _among(problem, set(pairs))


def _among(problem: Problem, made: set[tuple[int, int]]) -> Bools:
    size = len(problem.slots)
    keys = np.array(sorted(one * size + other for one, other in made), dtype=np.int64)
    return np.isin(problem.one * size + problem.other, keys)
