"""A benchmark of the bus door ends where nothing more comes, and says how far it came."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import inbox


async def test_a_benchmark_of_an_inbox_that_nobody_reads_on_ends_and_says_how_far_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks, seconds = iter([0, 0, 40, 40, *[70] * 9]), iter(range(0, 1_000, 50))

    async def ends(*_: Any) -> dict[int, int]:
        return {0: next(looks)}

    monkeypatch.setattr(inbox, "ends", ends)
    monkeypatch.setattr(inbox, "spent", lambda _: {})
    monkeypatch.setattr(inbox, "POLL_SECONDS", 0)
    clock = SimpleNamespace(monotonic=lambda: next(seconds), perf_counter=lambda: 0.0)
    monkeypatch.setattr(inbox, "time", clock)
    settings: Any = SimpleNamespace(
        topics=SimpleNamespace(events=SimpleNamespace(name="", partitions=1))
    )
    service: Any = SimpleNamespace(pid=1)
    with pytest.raises(inbox.Still) as still:
        await inbox.followed(settings, None, service, {}, 100)
    assert str(still.value).startswith(
        "nothing was measured: 70 of 100 events are in the log, and for 120 s none came"
    )
    assert len(list(looks)) == 5  # it took 70 for the last only after three looks of 50 s each
