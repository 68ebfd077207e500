"""The `crosstie` command: each subcommand is a module of its own, registered here.

Results go to stdout, progress to stderr. Exit codes: 0 done, 1 failed with `error: ...`, 2 wrong usage,
130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from types import FrameType

import typer

from crosstie.cli.unwritable import unwritable_told
from crosstie.errors import CrosstieError

# in the order that help shows; modules import what is heavy (Kafka, numpy) only when called
COMMANDS = (
    "up",
    "demo",
    "platforms",
    "topics",
    "send",
    "watch",
    "simulate",
    "rounds",
    "check",
    "evaluate",
    "dlq",
    "quarantine",
    "forget",
    "chaos",
    "overload",
)

app = typer.Typer(
    name="crosstie",
    help="Event-sourced suggestions: who should meet whom, across sectors, up and down the hierarchy.",
    epilog="Start with `crosstie demo`; then `crosstie up`, which prints what the other commands need.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root() -> None:
    """A callback keeps subcommands subcommands, however many are registered."""
    if any(name.upper().startswith("CROSSTIE_") for name in os.environ):
        from crosstie.settings import Settings
        from crosstie.settings_unknown import unknown

        for each in unknown(os.environ, Settings.model_fields):
            print(f"note: {each}", file=sys.stderr)


for _name in COMMANDS:
    import_module(f"crosstie.cli.{_name}").register(app)


def main() -> None:
    """Run the command line; what the user can mend is one line on stderr, not a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else: not ours to take
        signal.signal(signal.SIGINT, _interrupted)
    try:
        with unwritable_told():
            app()
    except CrosstieError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] in {"crosstie", "services"}:
            raise
        print(
            f"error: {missing.name} is not installed, but this command needs it; "
            "install all of crosstie with `pip install 'crosstie[ingestion,profile,matching,embedded]'`",
            file=sys.stderr,
        )
        sys.exit(1)


def _interrupted(number: int, frame: FrameType | None) -> None:
    """Say at once that Ctrl-C was heard, then do what Python does; what is in hand may take a while."""
    os.write(sys.stderr.fileno(), b"stopping\n")  # print may be what was interrupted
    signal.default_int_handler(number, frame)
