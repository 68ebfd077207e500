"""A misspelt setting is told by every service and command, and stops none; what others set is not told."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError
from typer.main import get_command
from typer.testing import CliRunner

from crosstie.cli import app
from crosstie.contracts.settings_table import limits, table
from crosstie.settings import Settings
from crosstie.settings_unknown import OF_CLIENTS, unknown

SECRET = "hidden"
MISSPELT = "CROSSTIE_KAFKA_BOOSTRAP"
TOLD = (
    f"{MISSPELT} is set, but no setting has this name, so it does nothing: did you mean "
    "CROSSTIE_KAFKA_BOOTSTRAP? Rename it, or unset it"
)
ENOUGH = {
    "CROSSTIE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "CROSSTIE_DATABASE_URL": "postgresql://me@127.0.0.1:1/crosstie",
}


def told(**environment: str) -> list[str]:
    return unknown(environment, Settings.model_fields)


def test_a_misspelt_setting_is_told_with_the_name_that_is_meant_and_never_its_value() -> None:
    assert told(CROSSTIE_KAFKA_BOOSTRAP=SECRET, HOME="/", CROSSTIE_CLOCK="log") == [TOLD]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("CROSSTIE_API_KEY_PEPER", "CROSSTIE_API_KEY_PEPPER"),
        ("CROSSTIE_DATABASE", "CROSSTIE_DATABASE_URL"),
        ("CROSSTIE_HTP_PORT", "CROSSTIE_HTTP_PORT"),
        ("crosstie_bootstrap", "CROSSTIE_KAFKA_BOOTSTRAP"),
        ("CROSSTIE_URI", "CROSSTIE_URL"),
    ],
)
def test_the_nearest_name_is_the_one_that_is_meant(said: str, meant: str) -> None:
    (line,) = told(**{said: "x"})
    assert f"did you mean {meant}?" in line


def test_a_name_that_is_near_none_is_told_without_a_guess() -> None:
    (line,) = told(CROSSTIE_IMAGE="crosstie:0.1.0")
    assert line.endswith("so it does nothing: unset it")


def test_settings_are_read_in_small_letters_too_and_are_not_told() -> None:
    assert told(crosstie_http_port="8080", CROSSTIE_LOG_LEVEL="INFO") == []


@pytest.mark.parametrize("service", ["CROSSTIE", "CROSSTIE_PROFILE", "CROSSTIE_KAFKA_0"])
def test_what_kubernetes_sets_for_a_service_of_the_name_space_is_not_told(service: str) -> None:
    address = {
        f"{service}_PORT": "tcp://10.0.0.1:80",
        f"{service}_PORT_80_TCP": "tcp://10.0.0.1:80",
        f"{service}_PORT_80_TCP_PROTO": "tcp",
        f"{service}_PORT_80_TCP_PORT": "80",
        f"{service}_PORT_80_TCP_ADDR": "10.0.0.1",
        f"{service}_SERVICE_HOST": "10.0.0.1",
        f"{service}_SERVICE_PORT": "80",
        f"{service}_SERVICE_PORT_HTTP": "80",
    }
    assert told(**address) == []


def test_every_variable_that_a_command_reads_is_known() -> None:
    known = {f"CROSSTIE_{name.upper()}" for name in Settings.model_fields} | {*OF_CLIENTS}
    assert variables(get_command(app)) == {
        "CROSSTIE_KAFKA_BOOTSTRAP",
        "CROSSTIE_DATABASE_URL",
        "CROSSTIE_TOPIC_PREFIX",
        *OF_CLIENTS,
    }
    assert variables(get_command(app)) <= known


def variables(command: Any) -> set[str]:
    here = {str(each.envvar) for each in command.params if each.envvar}
    return here.union(*(variables(each) for each in getattr(command, "commands", {}).values()))


@pytest.mark.parametrize("said", [MISSPELT, MISSPELT.lower()])
def test_every_command_tells_it_aside_and_goes_on(said: str) -> None:
    result = CliRunner().invoke(app, ["topics", "list", "--json"], env={said: SECRET})
    assert result.exit_code == 0
    assert f"note: {TOLD.replace(MISSPELT, said)}" in result.stderr
    assert "note" not in result.stdout
    assert SECRET not in result.output


def started(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A service whose work is over at once."""
    work = (
        "from fastapi import FastAPI\n"
        "from crosstie.runtime.service import Service, run\n"
        "async def work(running): running.stop.set()\n"
        "run('profile', lambda settings: Service(FastAPI(), work))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", work],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_a_service_logs_it_once_and_starts() -> None:
    done = started(ENOUGH | {MISSPELT: SECRET})
    assert done.returncode == 0
    assert done.stderr.count(TOLD) == 1
    assert '"event": "listening"' in done.stderr
    assert SECRET not in done.stderr


def test_a_service_that_lacks_a_setting_tells_the_misspelt_one_beside_it() -> None:
    done = started({"CROSSTIE_DATABASE_URL": ENOUGH["CROSSTIE_DATABASE_URL"], MISSPELT: SECRET})
    assert done.returncode == 2
    first, second, *_ = done.stderr.splitlines()
    assert first.startswith("error: CROSSTIE_KAFKA_BOOTSTRAP is not set")
    assert second == f"error: {TOLD}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("http_port", "whole number, 0 to 65535"),
        ("http_connections", "whole number, 10 or more"),
        ("full_round_seconds", "number, above 0"),
        ("clock", "`wall` or `log`"),
        ("policy_file", "path of a file"),
        ("deployment", "text that matches `^[a-z0-9-]{1,40}$`"),
        ("vault_key", "text"),
    ],
)
def test_the_table_of_settings_tells_the_limits(name: str, words: str) -> None:
    (row,) = (line for line in table().splitlines() if f"`CROSSTIE_{name.upper()}`" in line)
    assert f"| {words} |" in row


def test_the_limits_in_the_table_are_those_that_are_enforced() -> None:
    for name, shape in Settings.model_json_schema()["properties"].items():
        for limit, beyond in (("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1)):
            if limit in shape:
                assert str(shape[limit]) in limits(shape)
                with pytest.raises(ValidationError) as refused:
                    Settings(**{name: shape[limit] + beyond})
                assert name in {each["loc"][0] for each in refused.value.errors()}
