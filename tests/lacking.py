"""What a test does without a tool that some machines do not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """Skip the test; in CI, which has every tool, fail it."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
