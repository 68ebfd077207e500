"""Deliberate defects still fit the code; `make mutants` plants them and runs their tests."""

from __future__ import annotations

import ast
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.catalogue import DEFECTS
from tests.mutants.defect import ROOT, Defect, planted, wrong_with


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_a_defect_fits_the_code_and_its_test_is_there(defect: Defect, tmp_path: Path) -> None:
    assert wrong_with(defect) == []
    for edit in defect.edits:
        copy = tmp_path / edit.file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / edit.file, copy)
    test = tmp_path / defect.test.partition("::")[0]
    test.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / defect.test.partition("::")[0], test)
    for path, good in planted(defect, tmp_path).items():
        bad = path.read_text()
        assert ast.dump(ast.parse(bad)) != ast.dump(ast.parse(good))


def test_every_defect_has_a_name_of_its_own() -> None:
    assert [name for name, n in Counter(each.name for each in DEFECTS).items() if n > 1] == []


def test_a_defect_that_does_not_fit_any_more_is_an_error(tmp_path: Path) -> None:
    away = DEFECTS[0]._replace(edits=(DEFECTS[0].edits[0]._replace(good="no such text"),))
    (wrong,) = wrong_with(away)
    assert "0 times, not once: 'no such text'" in wrong
    with pytest.raises(ValueError, match="no such text"):
        planted(away, ROOT)
