"""A kernel that calls another is compiled anew when the other changes, and only then."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crosstie.matching.compiled import Compiled

ONE = """
from crosstie.matching.compiled import Compiled
STEP = {step}
def _one(x):
    return x + STEP
one = Compiled(_one)
"""
TWO = """
from crosstie.matching.compiled import Compiled
from kernels_of_a_test.one import one
def _two(x):
    return one(one(x))
two = Compiled(_two)
"""
FOUR = """
from crosstie.matching.compiled import Compiled
from kernels_of_a_test.two import two
def _four(x):
    return two(two(x))
four = Compiled(_four)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where to write modules of a package that goes again."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    place = tmp_path / "kernels_of_a_test"
    place.mkdir()
    (place / "__init__.py").touch()
    (place / "two.py").write_text(TWO)
    (place / "four.py").write_text(FOUR)
    yield place
    _forget()


def _forget() -> None:
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.startswith("kernels_of_a_test")]:
        del sys.modules[name]


def started(package: Path, *, step: int) -> Compiled:
    """The kernel `four` as a process that starts now would have it, where `one` adds `step`."""
    (package / "one.py").write_text(ONE.format(step=step))
    _forget()
    for compiled_by_python in (package / "__pycache__").glob("*.pyc"):
        compiled_by_python.unlink()  # two writes within a second look the same to it
    module: ModuleType = importlib.import_module("kernels_of_a_test.four")
    kernel: Compiled = module.four
    return kernel


def test_a_kernel_calls_kernels_of_other_modules(package: Path) -> None:
    assert started(package, step=3)(1) == 13


def test_a_change_two_calls_away_is_seen_by_the_next_process(package: Path) -> None:
    assert started(package, step=3)(1) == 13
    assert started(package, step=5)(1) == 21


def test_what_did_not_change_is_not_compiled_again(package: Path) -> None:
    started(package, step=3)(1)
    again = started(package, step=3)
    assert again(1) == 13
    compiled: Any = again.fast()
    assert sum(compiled.stats.cache_hits.values()) == 1


def test_kernels_without_a_file_are_compiled_all_the_same() -> None:
    made: dict[str, Any] = {}
    exec(ONE.format(step=2), made)
    exec("def _two(x):\n    return one(one(x))\ntwo = Compiled(_two)", made)
    assert made["two"](1) == 5


def test_a_kernel_that_is_wrapped_is_called_as_it_is_where_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrapped(function: Callable[[int], int]) -> Callable[[int], int]:
        return lambda x: function(x) + 1

    monkeypatch.setattr("numba.config.DISABLE_JIT", True)
    assert Compiled(wrapped(lambda x: 2 * x))(3) == 7
