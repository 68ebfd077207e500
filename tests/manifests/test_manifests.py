"""What can be proven of deploy/ without a cluster: shapes, our rules, and agreement with the code.

No kubelet runs here: images, probes and shutdown are exercised by other tests.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from crosstie.cli import app
from tests.manifests.agreeing import JOBS
from tests.manifests.lent_mutants import LENT_MUTANTS
from tests.manifests.mutants import MUTANTS, container
from tests.manifests.objects import TOOLS, Manifest
from tests.manifests.planted import assert_caught
from tests.manifests.rendered import OVERLAYS, REPOSITORY, rendered
from tests.manifests.rules import problems


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_manifests_break_no_rule(folder: str) -> None:
    assert problems(rendered(folder)) == []


@pytest.fixture(scope="module")
def base() -> list[Manifest]:
    return rendered("deploy/base")


@pytest.fixture(scope="module")
def overlay() -> list[Manifest]:
    return rendered("deploy/overlays/example")


@pytest.fixture(scope="module")
def locked() -> list[Manifest]:
    return rendered("deploy/overlays/locked")


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_caught(name: str, base: list[Manifest]) -> None:
    assert_caught(MUTANTS[name], base)


@pytest.mark.parametrize("name", LENT_MUTANTS)
def test_a_planted_mistake_in_the_locked_overlay_is_caught(
    name: str, locked: list[Manifest]
) -> None:
    assert_caught(LENT_MUTANTS[name], locked)


@pytest.mark.parametrize("component", ["policy", "doors", "network-policy"])
def test_the_other_components_stand_without_tools(component: str, tmp_path: Path) -> None:
    folder = Path(os.path.relpath(REPOSITORY / "deploy", tmp_path))
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{folder / 'base'}]\ncomponents: [{folder / 'components' / component}]\n"
    )
    objects = rendered(str(tmp_path))
    assert problems(objects) == []
    assert TOOLS not in {each["metadata"]["name"] for each in objects}


def test_the_component_for_a_policy_begins_with_the_built_in_one() -> None:
    built_in = REPOSITORY / "libs/common/crosstie/matching/policy-default-1.json"
    assert (REPOSITORY / "deploy/components/policy/policy.json").read_text() == built_in.read_text()


def test_the_component_for_a_policy_mounts_it_where_the_setting_points(
    overlay: list[Manifest],
) -> None:
    given = {each["name"]: each.get("value") for each in container(overlay, "matching")["env"]}
    mounts = {
        each["name"]: each["mountPath"] for each in container(overlay, "matching")["volumeMounts"]
    }
    assert given["CROSSTIE_POLICY_FILE"] == f"{mounts['policy']}/policy.json"


def test_every_command_of_a_job_exists() -> None:
    for command in JOBS.values():
        if command[0] == "python":
            assert find_spec(command[2])
            continue
        at: Any = get_command(app)
        for word in command[1:]:
            at = at.commands[word]


@pytest.mark.parametrize("service", ["ingestion", "profile", "matching"])
def test_every_service_starts_as_the_manifests_say(service: str) -> None:
    assert find_spec(f"services.{service}.__main__")


def pinned(path: str) -> dict[str, set[str]]:
    """Package and version to hashes."""
    text = (REPOSITORY / path).read_text()
    found = re.findall(
        r"^([\w.-]+==[\w.+-]+)[^\n]*\\\n((?:\s+--hash=\S+[ \\]*\n?)+)", text, re.MULTILINE
    )
    return {pin: set(re.findall(r"sha256:\w+", hashes)) for pin, hashes in found}


@pytest.mark.parametrize("path", ["deploy/image.lock", "deploy/tools.lock"])
def test_the_image_gets_what_was_tested(path: str) -> None:
    tested, image = pinned("requirements.lock"), pinned(path)
    assert len(image) > 1
    assert {pin: hashes for pin, hashes in image.items() if tested.get(pin) != hashes} == {}


def test_the_image_runs_as_nobody_without_tools_to_build() -> None:
    build, final = (REPOSITORY / "deploy/Dockerfile").read_text().split("\nFROM ")[1:]
    assert "--require-hashes" in build
    assert "USER 10001:10001" in final
    assert "RUN" not in final
