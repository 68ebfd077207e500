"""A mistake is planted into good manifests, and what is said of them must name it."""

from __future__ import annotations

import copy
from collections.abc import Callable

from tests.manifests.objects import Manifest
from tests.manifests.rules import problems

Mistake = tuple[Callable[[list[Manifest]], object], str]  # what to do to them, what must be said


def assert_caught(mistake: Mistake, good: list[Manifest]) -> None:
    mutate, said = mistake
    objects = copy.deepcopy(good)
    mutate(objects)
    found = problems(objects)
    assert any(said in problem for problem in found), found
