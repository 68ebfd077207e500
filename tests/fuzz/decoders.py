"""The decoders under atheris, which changes its inputs towards code that no input reached before.

`python -m tests.fuzz.decoders -runs=100000`; the options are libFuzzer's.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["crosstie.door", "crosstie.dlq", "crosstie.logrecord"]):
    from tests.fuzz.decoding import decode
    from tests.fuzz.events import event_text
    from tests.fuzz.records import record

SEEDS = 300


def main() -> None:
    """Begin with seeded events and records, and go on from there."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(SEEDS):
            rng = random.Random(number)
            written = record(rng, number)
            lines = [name.encode() + b":" + (value or b"") for name, value in written.headers]
            text = b"\n".join([*lines, written.value or b""])
            Path(folder, f"r{number}").write_bytes(text)
            Path(folder, f"e{number}").write_bytes(event_text(rng, number))
        atheris.Setup([*sys.argv, folder], decode)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
