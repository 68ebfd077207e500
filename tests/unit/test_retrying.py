"""What is tried again and again is said of whoever tries, and no more once it works."""

from __future__ import annotations

import pytest

from crosstie.errors import BrokerAway, LogGap
from crosstie.runtime import database
from crosstie.runtime.database import retrying
from crosstie.runtime.service import Running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_FIRST_WAIT_SECONDS", 0.0)


class Tried:
    """Fails as often as it is told; notes why the service was unready each time it was tried."""

    def __init__(self, running: Running, *failures: Exception) -> None:
        self._running = running
        self._failures = list(failures)
        self.seen: list[dict[str, str]] = []

    async def attempt(self) -> str:
        self.seen.append(dict(self._running.unready))
        if self._failures:
            raise self._failures.pop(0)
        return "done"


async def test_whoever_tries_for_long_is_unready_until_it_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "MOMENT_SECONDS", -1.0)
    running = Running()
    tried = Tried(running, BrokerAway("it is full"), BrokerAway("it is slow"))
    assert await retrying(tried.attempt, running, "publish") == "done"
    assert tried.seen == [{}, {"publish": "it is full"}, {"publish": "it is slow"}]
    assert running.unready == {}


async def test_a_moment_is_not_worth_a_word() -> None:
    running = Running()
    tried = Tried(running, BrokerAway("an election"))
    assert await retrying(tried.attempt, running, "publish") == "done"
    assert tried.seen == [{}, {}]


async def test_whoever_gives_up_is_not_unready_for_what_it_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "MOMENT_SECONDS", -1.0)
    running = Running()
    tried = Tried(running, BrokerAway("it is full"), LogGap("it is gone"))
    with pytest.raises(LogGap):
        await retrying(tried.attempt, running, "publish")
    assert running.unready == {}
