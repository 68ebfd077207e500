"""The lines in which mutants differ: names from standard input, JSON to standard output.

Run where mutmut ran, once for all: its own `show` takes a second for each.
"""

from __future__ import annotations

import json
import sys

from mutmut.mutation.diff_apply import get_diff_for_mutant


def differing(mutant: str) -> tuple[str, str]:
    """What stood there, and what instead."""
    lines = get_diff_for_mutant(mutant).splitlines()
    lines = [each for each in lines if not each.startswith(("---", "+++"))]
    was, now = (
        " ".join(each[1:].strip() for each in lines if each.startswith(sign)) for sign in "-+"
    )
    return was, now


if __name__ == "__main__":
    print(json.dumps({each: differing(each) for each in sys.stdin.read().split()}))
