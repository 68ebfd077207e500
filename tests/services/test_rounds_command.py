"""`crosstie rounds` against a running system."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from crosstie.matching import policy
from tests.services.matching_running import replica
from tests.services.matching_world import World, environment


async def ran(village: World, *arguments: str) -> str:
    """What `crosstie rounds ...` printed; it succeeded."""
    status, out, err = await run(village, *arguments)
    assert status == 0, err
    return out


async def run(village: World, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("crosstie"),
        "rounds",
        *arguments,
        env=environment(village.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def as_json(village: World, *arguments: str) -> Any:
    return json.loads(await ran(village, *arguments, "--json"))


async def test_a_dry_run_says_what_the_next_full_round_decides_and_stores_nothing(
    village: World,
) -> None:
    tried = await as_json(village, "dry-run")
    assert (await village.head())["n"] == 0
    async with replica(village.settings):
        await village.round_published(1)
    shown = await as_json(village, "show", "1")
    assert tried["decisions"] == shown["decisions"]
    assert tried["digest"] == shown["digest"]
    assert all(each.startswith("nhs/p") for each in shown["decisions"][0]["members"])


async def test_a_dry_run_tries_another_policy(village: World, tmp_path: Path) -> None:
    rules = json.loads(policy.DEFAULT)
    rules["value"]["least"] = 1.0
    strict = tmp_path / "strict.json"
    strict.write_text(json.dumps(rules))
    usual, tried = await asyncio.gather(
        as_json(village, "dry-run"), as_json(village, "dry-run", "--policy", str(strict))
    )
    assert len(tried["decisions"]) < len(usual["decisions"])
    assert tried["policy"] != usual["policy"]


async def test_operators_pause_resume_and_ask_for_a_full_round(village: World) -> None:
    assert "paused" in await ran(village, "pause")
    async with replica(village.settings) as one:
        await one.said("held")
        assert "a full round is owed" in await ran(village, "full")
        assert (await as_json(village, "resume"))["paused"] is False
        await village.round_published(1)
    listed = await as_json(village, "list")
    assert [(each["n"], each["full"]) for each in listed] == [(1, True)]
    assert "made" in await ran(village, "list")
    assert listed[0]["digest"][:16] in await ran(village, "show", "1")


async def test_a_round_that_is_not_there_is_said_to_be_missing(village: World) -> None:
    status, _, err = await run(village, "show", "7")
    assert (status, err) == (1, "error: there is no round 7; see `crosstie rounds list`\n")
