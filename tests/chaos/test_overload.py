"""More than a worker carries, for a moment: `crosstie overload` does the same for as long as one likes."""

from __future__ import annotations

import pytest

from crosstie.chaos.overload import run
from tests.e2e.conftest import SYSTEM

pytestmark = [
    pytest.mark.long,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.timeout(900),
]

# what a machine that is busy with other tests may bring about by itself: judged by the command
TIMED = ("health checks failed", "lag grew", "no more than")


async def test_ten_times_what_a_worker_carries_is_shed_or_waits_and_loses_nothing() -> None:
    report = await run(3.0, 10.0, SYSTEM, lambda _: None)
    assert [each for each in report["wrong"] if not each.startswith(TIMED)] == []
    assert report["memory_mib"].keys() == report["memory_bounds_mib"].keys()
    assert report["health"]["asked"] > 0
