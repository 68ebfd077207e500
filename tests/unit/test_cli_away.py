"""What commands say when nobody is there: one line, at once, with the address and no password."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crosstie.runtime.guarded import free_port

VAULT_KEY = "Y3Jvc3N0aWUncyBzdXBlcnZpc29yIHRlc3RzIG9ubHk="


@pytest.mark.parametrize(
    ("command", "away"),
    [
        ("rounds list", "PostgreSQL"),
        ("check", "Kafka"),
        ("quarantine list", "PostgreSQL"),
        ("platforms list", "PostgreSQL"),
        ("dlq list", "Kafka"),
        ("topics create", "Kafka"),
        ("watch intranet", "Kafka"),
        ("forget staff p-1", "Kafka"),
        ("send EVENTS --platform intranet", "Kafka"),
        ("send EVENTS --url http://127.0.0.1:PORT --key k", "nobody listens"),
    ],
)
def test_one_line_says_who_is_away_and_where(command: str, away: str, tmp_path: Path) -> None:
    port = str(free_port())
    events = tmp_path / "events"
    events.write_text('{"id": "1"}\n')
    arguments = command.replace("EVENTS", str(events)).replace("PORT", port).split()
    done = subprocess.run(
        [sys.executable, "-m", "crosstie.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={
            "PATH": "/usr/bin:/bin",
            "CROSSTIE_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}",
            "CROSSTIE_DATABASE_URL": f"postgresql://me:hidden@127.0.0.1:{port}/x",
            "CROSSTIE_VAULT_KEY": VAULT_KEY,
        },
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert away in line
    assert f"127.0.0.1:{port} (connection refused)" in line
    assert "hidden" not in line
