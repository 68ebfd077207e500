"""The command line's frame: quick help, errors of one line, exit codes, JSON where a machine reads."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosstie.cli import COMMANDS, app
from crosstie.cli.rounds import _lines
from crosstie.cli.send import _events
from crosstie.cli.shared import run_until_stopped
from crosstie.errors import Misconfigured
from crosstie.topics import Topics

run = CliRunner().invoke


def crosstie(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crosstie.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"} | (environment or {}),
    )


def test_help_names_every_command() -> None:
    shown = run(app, ["--help"]).stdout
    for name in COMMANDS:
        assert name in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str) -> None:
    result = run(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = (
        "numpy",
        "pydantic",
        "aiokafka",
        "asyncpg",
        "faststream",
        "confluent_kafka",
        "sqlalchemy",
    )
    script = f"import sys, crosstie.cli; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_what_the_user_can_mend_is_one_line_and_exit_code_1() -> None:
    result = crosstie("simulate", "--members", "3")
    assert result.returncode == 1
    assert result.stderr == "error: members is 3, must be 50 to 1000000\n"


KAFKA, DATABASE = "CROSSTIE_KAFKA_BOOTSTRAP", "CROSSTIE_DATABASE_URL"


@pytest.mark.parametrize(
    ("command", "lacking"),
    [
        ("check", [KAFKA, DATABASE]),
        ("rounds list", [KAFKA, DATABASE]),
        ("rounds restore", [KAFKA, DATABASE]),
        ("quarantine list", [KAFKA, DATABASE]),
        ("forget staff p-1", [KAFKA, DATABASE]),
        ("platforms add x --source /x --authority x", [KAFKA, DATABASE]),
        ("platforms change x --add-source /y", [DATABASE]),
        ("platforms list", [DATABASE]),
        ("platforms keys list", [DATABASE]),
        ("topics create", [KAFKA]),
        ("topics acls --create", [KAFKA]),
        ("dlq list", [KAFKA]),
        ("watch x", [KAFKA]),
        ("simulate --send", ["CROSSTIE_URL", "CROSSTIE_API_KEY"]),
        ("simulate --send --platform x", [KAFKA]),
        ("simulate --answer --platform x", [KAFKA]),
    ],
)
def test_whatever_a_command_lacks_is_named_at_once_with_what_it_is_for_and_an_example(
    command: str, lacking: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (KAFKA, DATABASE):
        monkeypatch.delenv(name, raising=False)
    result = run(app, command.split())
    lines = [each for each in result.stderr.splitlines() if each.startswith("error: ")]
    assert [each.split()[1] for each in lines] == lacking
    for name, line in zip(lacking, lines, strict=True):
        assert " is not set" in line
        assert f"For example: export {name}=" in line
    assert "crosstie up" in result.stderr
    assert result.exit_code == 2


def test_wrong_usage_is_exit_code_2() -> None:
    assert run(app, ["simulate", "--members", "many"]).exit_code == 2
    assert run(app, ["send", "-"], input="").exit_code == 2


def test_topics_are_listed_without_a_broker() -> None:
    result = run(app, ["topics", "list", "intranet", "--prefix", "x.", "--json"])
    names = [each["name"] for each in json.loads(result.stdout)]
    assert names[0] == "x.events.v1"
    assert "x.inbox.v1.intranet" in names


def test_simulate_prints_one_cloud_event_a_line() -> None:
    result = crosstie("simulate", "--members", "50", "--days", "2")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) > 100
    assert all(each["specversion"] == "1.0" for each in lines)


def test_an_interrupted_pipe_is_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "crosstie.cli", "simulate", "--members", "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    "text",
    ['[{"id": "1"}, {"id": "2"}]', '{"id": "1"}\n\n{"id": "2"}\n', '[{"id": "1"},\n{"id": "2"}]'],
)
def test_a_file_is_an_array_or_lines(text: str) -> None:
    assert list(_events(StringIO(text))) == [{"id": "1"}, {"id": "2"}]


def test_a_line_that_is_not_json_is_named() -> None:
    with pytest.raises(Misconfigured, match="line 2 is not JSON"):
        list(_events(StringIO('{"id": "1"}\n{"id": \n')))


def test_a_topic_prefix_without_its_dot_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"'acme': use .* then a dot"):
        Topics("acme")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    "command",
    [
        "simulate --members 50 --days 2",  # more than a buffer holds
        "simulate --market --members 10",  # a table
        "topics list",  # less than a buffer
        "--help",
    ],
)
def test_a_full_disk_at_stdout_is_one_line_and_exit_code_1(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "crosstie.cli", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: cannot write")
    assert "No space left on device" in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--market --send", "--send and --market exclude each other"),
        ("--market --answer", "--answer and --market exclude each other"),
        ("--answer --send --platform x", "--send and --answer exclude each other"),
        ("--rounds 3", "--rounds does nothing with events that are printed; it is for --market"),
        ("--send --pace 0.1", "--pace does nothing with --send; it is for --answer"),
        ("--market --days 3", "--days does nothing with --market; it is for events that are"),
        ("--answer --people 60", "--members does nothing with --answer"),
    ],
)
def test_what_simulate_would_pass_over_in_silence_is_refused_by_name(
    options: str, words: str
) -> None:
    result = run(app, ["simulate", *options.split()], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("command", ["send -", "simulate --send"])
@pytest.mark.parametrize("option", ["--url", "--key"])
def test_what_would_go_two_ways_is_refused_and_not_sent_by_one(command: str, option: str) -> None:
    both = [*command.split(), option, "http://x", "--platform", "x"]
    result = run(app, both, env={"COLUMNS": "200"}, input="")
    assert result.exit_code == 2
    wanted = f"{option} sends over HTTP and --platform to an inbox in Kafka: give one of them"
    assert wanted in result.stderr


def test_an_inbox_takes_events_also_where_the_environment_names_a_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(KAFKA, raising=False)
    http = {"CROSSTIE_URL": "http://nowhere", "CROSSTIE_API_KEY": "k"}
    result = run(app, ["send", "-", "--platform", "x"], env=http, input="")
    assert f"{KAFKA} is not set" in result.stderr


def test_what_stands_in_the_environment_is_refused_nowhere() -> None:
    away = {"CROSSTIE_KAFKA_BOOTSTRAP": "nowhere:9092", "CROSSTIE_URL": "http://nowhere"}
    result = run(app, ["simulate", "--members", "50", "--days", "1"], env=away)
    assert result.exit_code == 0


def test_counters_at_nought_are_not_printed() -> None:
    found = {
        "policy": "p",
        "digest": "d" * 64,
        "notes": {"served": 3, "made.introduction": 0},
        "decisions": [],
    }
    assert list(_lines(found)) == [f"        policy p  digest {'d' * 16}  served 3"]


@pytest.mark.parametrize(("quietly", "said"), [(False, "stopping\n"), (True, "")])
def test_that_it_is_stopping_is_said_at_once(
    quietly: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            heard.append(capsys.readouterr().err)

    assert not run_until_stopped(work(), quietly=quietly)
    assert heard == [said]


def test_an_interrupted_send_says_so_and_how_far_it_came(tmp_path: Path) -> None:
    events = tmp_path / "events"
    events.write_text('{"id": "1"}\n')
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with subprocess.Popen(
            [sys.executable, "-m", "crosstie.cli", "send", str(events), "--url", url, "--key", "k"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            looked, sends = mute.accept()[0], mute.accept()[0]
            with looked, sends:
                process.send_signal(signal.SIGINT)
                _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.startswith("stopping\n")
    assert "error: interrupted" in told
