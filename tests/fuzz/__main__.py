"""`make fuzz`: a campaign at both doors on a stack of its own, then the decoders by coverage; as JSON.

Exit status 1 when an input was lost or answered as none should be.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import logging
import secrets
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import psycopg
from sqlalchemy import make_url

from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import stack
from tests.fuzz.campaign import campaign


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser("make fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="at both doors together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--decoders", type=int, default=100_000, help="inputs of the decoders; 0: none"
    )
    chosen = parser.parse_args()
    logging.disable(logging.ERROR)  # what is refused is told by the figures
    found: dict[str, Any] = {}
    if chosen.inputs:
        with stack() as running:
            database = _database(running.database_url)
            prefix = f"fuzz{secrets.token_hex(4)}."
            outcome = asyncio.run(campaign(running, database, prefix, chosen.seed, chosen.inputs))
        found = asdict(outcome)
    if chosen.decoders:
        found["decoders"] = _decoders(chosen.seed, chosen.decoders)
    print(json.dumps(found, indent=2))
    failed = found.get("lost") or found.get("wrong") or found.get("decoders", {}).get("status")
    return 1 if failed else 0


def _database(server: str) -> str:
    """A fresh one, migrated; it goes with the stack, or is left to whoever runs an external one."""
    name = f"fuzz_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    return url


def _decoders(seed: int, inputs: int) -> dict[str, Any]:
    """In a process of its own: what guides it by coverage leaves without a word to anybody."""
    if importlib.util.find_spec("atheris") is None:
        return {"skipped": "atheris has no wheel for this platform; see the extra `fuzz`"}
    options = [
        f"-runs={inputs}",
        f"-seed={seed}",
        "-max_len=4096",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    command = [sys.executable, "-m", "tests.fuzz.decoders", *options]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    stats = [line for line in done.stderr.splitlines() if line.startswith("stat::number_of_exec")]
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    return {"inputs": inputs, "status": done.returncode, "said": stats}


if __name__ == "__main__":
    sys.exit(main())
