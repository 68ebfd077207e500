"""pytest as mutation testing wants it: cheapest tests first, property tests without shrinking.

Loaded by `-p tests.mutants.quick` in the copies that `mutating` makes. What fails is enough to know.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import Phase, settings

EXAMPLES = 50  # of a property, where its test names no number of its own

settings.register_profile(
    "mutants",
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
)
settings.load_profile("mutants")

# how long each took when nothing was broken, as mutmut keeps it where it runs us
_TOOK = Path("mutmut-stats.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    took = json.loads(_TOOK.read_text())["duration_by_test"] if _TOOK.exists() else {}
    items.sort(key=lambda item: took.get(item.nodeid, 0.0))
