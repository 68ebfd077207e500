"""Plants each deliberate defect in a copy of the tree, and expects its test to fail there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from crosstie.runtime.stack import stack
from tests.mutants.copying import FAILED, PASSED, copied, tested
from tests.mutants.defect import ROOT, Defect, planted

CAUGHT = "caught"


def run(defects: Sequence[Defect], kept: Path, *, again: bool) -> dict[str, str]:
    """By name what became of each; those caught before, in the same code, are not planted again.

    `kept`: a JSON file of what was caught, and by what failure, written after each.
    """
    known = {} if again or not kept.exists() else json.loads(kept.read_text())
    found = {each.name: CAUGHT for each in defects if _stamp(each) in known}
    todo = [each for each in defects if each.name not in found]
    if not todo:
        return found
    with copied() as copy, stack() as running:
        tests = sorted({each.test for each in todo})
        print(f"{len(tests)} tests on the code as it is", flush=True)
        sound = tested(copy, tests, running.env).returncode == PASSED
        for n, each in enumerate(todo, 1):
            if sound or tested(copy, [each.test], running.env).returncode == PASSED:
                outcome, failure = _outcome(each, copy, running.env)
            else:
                outcome, failure = f"NO VERDICT, the code as it is does not pass {each.test}", ""
            print(f"{n}/{len(todo)} {each.name}: {outcome} {failure}", flush=True)
            found[each.name] = outcome
            if outcome == CAUGHT:
                known[_stamp(each)] = f"{each.name}: {failure}"
                kept.parent.mkdir(exist_ok=True)
                kept.write_text(json.dumps(known, indent=1))
    return found


def _outcome(defect: Defect, copy: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    """What became of it, and how its test failed: to see that it failed for the right reason."""
    before = planted(defect, copy)
    try:
        result = tested(copy, [defect.test], environment)
    finally:
        for path, text in before.items():
            path.write_text(text)
    if result.returncode == FAILED:
        said = [each for each in result.stdout.splitlines() if each.startswith("FAILED ")]
        return CAUGHT, " ".join(each.partition(" - ")[2] for each in said)
    if result.returncode == PASSED:
        return f"NOT CAUGHT by {defect.test}", ""
    return f"NO VERDICT, pytest ended with {result.returncode}:\n{result.stdout[-2000:]}", ""


def _stamp(defect: Defect) -> str:
    """Of the defect, the files that it breaks and its test."""
    files = sorted({*(each.file for each in defect.edits), defect.test.partition("::")[0]})
    text = "\0".join((repr(defect), *((ROOT / each).read_text() for each in files)))
    return blake2b(text.encode(), digest_size=16).hexdigest()
