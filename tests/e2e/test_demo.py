"""The demo itself, on fifty simulated people: one object with the promised keys, and clean books."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

KEYS = {
    "events_sent",
    "events_logged",
    "rejected",
    "lost",
    "doubled",
    "suggestions",
    "by_kind",
    "by_direction",
    "by_direction_means",
    "cross_sector_share",
    "latency_ms",
    "books",
}
WRONG = 14  # seven through either door


@pytest.mark.long
def test_the_demo_reports_what_went_in_and_what_came_out(environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crosstie.cli", "demo", "--members", "50", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.keys() >= KEYS
    assert told["books"]["clean"], told["books"]
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["rejected"] == len(told["rejections"]) == WRONG
    assert told["events_sent"] == told["events_logged"] + told["rejected"]
    assert told["suggestions"] == sum(told["by_kind"].values()) > 0
    assert sum(told["by_direction"].values()) == 2 * told["suggestions"]
    assert told["by_direction_means"].startswith("sides, not suggestions")
    assert 0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p99"]
    assert 0 < told["acceptance"] < 1
    assert len(told["examples"]) == 5
