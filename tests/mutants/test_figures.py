"""What mutation testing found is kept by module, each with the commit it was found at."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mutants import figures


def test_a_module_s_figures_are_kept_with_their_commit_and_those_of_others_stay(
    tmp_path: Path,
) -> None:
    file = tmp_path / "figures.json"
    figures.keep(figures.table({("a", "killed"): 3, ("a", "listed"): 1}), "111", file)
    figures.keep(figures.table({("b", "survived"): 2}), "222", file)
    figures.keep(figures.table({("a", "killed"): 4}), "333", file)
    kept = json.loads(file.read_text())
    none = dict.fromkeys(figures.COLUMNS, 0)
    assert kept == {
        "a": {**none, "commit": "333", "killed": 4},
        "b": {**none, "commit": "222", "survived": 2},
    }


def test_whatever_timed_out_counts_as_killed_and_what_is_listed_does_not() -> None:
    row = {"killed": 6, "timeouts": 1, "listed": 2, "survived": 1}
    table = figures.table({("a", end): number for end, number in row.items()})
    assert figures.shown(table).startswith("a: 10 mutants, 70.0% killed")


def test_a_module_is_whole_once_every_mutant_of_it_was_tried() -> None:
    every = ("a.b.x_f__mutmut_1", "a.b.x_f__mutmut_2", "a.c.x_g__mutmut_1", "a.d.x_h__mutmut_1")
    assert figures.whole(every, every[1:3]) == {"a.c"}
    assert figures.whole(every, every) == {"a.b", "a.c", "a.d"}
