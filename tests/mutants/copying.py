"""A copy of the tree to break, and its tests run apart from ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.defect import ROOT

# what numba compiled comes along: a service that compiles anew keeps its test waiting for a minute
_LEFT_OUT = shutil.ignore_patterns(".*", "*.pyc", "*.egg-info", "mutants.*")
SECONDS_OF_ONE_TEST = 150
PASSED, FAILED = 0, 1  # exit codes of pytest; others are no verdict of a test


@contextmanager
def copied() -> Iterator[Path]:
    """The tree without version control, environment and caches, in a directory that goes again."""
    with TemporaryDirectory(prefix="crosstie-mutants-") as place:
        copy = Path(place) / "tree"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        yield copy


def tested(
    copy: Path, tests: Sequence[str], more: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """pytest on the copy's own code, with `more` in its environment."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(copy / "libs/common"), str(copy))),
        "PYTHONDONTWRITEBYTECODE": "1",  # a file may change twice in the same second
        "COLUMNS": "240",  # so that the last lines say why a test failed
        **more,
    }
    options = ("-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--tb=line")
    limit = f"--timeout={SECONDS_OF_ONE_TEST}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, limit, *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
