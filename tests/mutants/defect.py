"""A deliberate defect: what is taken away, where, and the test that must notice."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
COMMON = "libs/common/crosstie"


class Edit(NamedTuple):
    """`good` stands in `file` exactly once; the defect has `bad` in its place."""

    file: str
    good: str
    bad: str


class Defect(NamedTuple):
    """`test` passes on the code as it is, and fails once all `edits` are made."""

    name: str
    test: str  # a node id of pytest
    edits: tuple[Edit, ...]


def defect(name: str, test: str, *edits: tuple[str, str, str]) -> Defect:
    return Defect(name, test, tuple(Edit(*each) for each in edits))


def wrong_with(defect: Defect, root: Path = ROOT) -> list[str]:
    """Why `defect` cannot be planted in the tree at `root`; nothing where it can."""
    wrong = []
    for edit in defect.edits:
        found = (root / edit.file).read_text().count(edit.good)
        if found != 1:
            wrong.append(f"{edit.file} has {found} times, not once: {edit.good!r}")
    file, *_, test = defect.test.partition("[")[0].split("::")
    if f"def {test}(" not in (root / file).read_text():
        wrong.append(f"{file} has no test {test}")
    return wrong


def planted(defect: Defect, root: Path) -> dict[Path, str]:
    """Plant `defect` at `root`; the files as they were. Raises ValueError where it does not fit."""
    if wrong := wrong_with(defect, root):
        raise ValueError(f"{defect.name}: {'; '.join(wrong)}")
    before: dict[Path, str] = {}
    for edit in defect.edits:
        path = root / edit.file
        text = path.read_text()
        before.setdefault(path, text)
        path.write_text(text.replace(edit.good, edit.bad))
    return before
