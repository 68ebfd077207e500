"""The bill of materials names all that is locked and nothing else; scanners can read the lock."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from pip_requirements_parser import RequirementsFile

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "deploy/image.lock", "deploy/tools.lock"]
JARS = ROOT / "libs/common/crosstie/runtime/broker/jgo.lock.toml"


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("sbom") / "sbom.cdx.json"
    subprocess.run([sys.executable, ROOT / "deploy/sbom.py", path], check=True)
    return json.loads(path.read_text())


def test_it_names_every_locked_package_and_jar(bill: Any) -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split(" ")[0] for line in lines if "==" in line and not line.startswith(" ")]
    jars = tomllib.loads(JARS.read_text())["dependencies"]
    wanted = {f"pkg:pypi/{each.replace('==', '@')}" for each in pins} | {
        f"pkg:maven/{each['groupId']}/{each['artifactId']}@{each['version']}?type=jar"
        for each in jars
    }
    found = [each["purl"] for each in bill["components"]]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_the_schema_refuses_a_planted_mistake(bill: Any) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(bill)) is None
    assert validator.validate_str(json.dumps(bill | {"bomFormat": "none"})) is not None


def test_it_names_no_host_and_no_path(bill: Any) -> None:
    text = json.dumps({name: each for name, each in bill.items() if name != "$schema"})
    assert not re.search(r"https?://|localhost|/(home|root|tmp|usr|work)/", text)


@pytest.mark.parametrize("name", LOCKS)
def test_a_scanner_reads_every_pin_of_a_lock_with_its_hashes(name: str) -> None:
    """By the parser that pip-audit and cyclonedx-py read requirements with."""
    read = RequirementsFile.from_file(str(ROOT / name))
    assert not read.invalid_lines
    assert read.requirements
    assert all(each.is_pinned and each.hash_options for each in read.requirements)
