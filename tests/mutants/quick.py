"""pytest as mutation testing wants it: cheap tests first, property tests without shrinking.

Loaded by `-p tests.mutants.quick` in the copies that `mutating` makes. What fails is enough to know.
"""

from __future__ import annotations

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_is_property)


def _is_property(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "obj", None), "hypothesis")
