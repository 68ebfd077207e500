"""`make mutants`: deliberate defects, each with its test, then mutation testing group by group.

What was found is kept in `.mutants`: a run that was cut short goes on, and does not plant again what
was caught in the same code.
"""

from __future__ import annotations

import argparse
import sys

from tests.mutants import mutating, planting
from tests.mutants.catalogue import DEFECTS
from tests.mutants.defect import ROOT

KEPT = ROOT / ".mutants"


def main() -> int:
    said = _arguments()
    good = True
    if not said.mutate:
        good = _defects(said.only or "", again=said.again)
    if said.only is None:
        groups = said.mutate or list(mutating.GROUPS)
        good = mutating.run(groups, KEPT, where=said.where, workers=said.workers) and good
    return 0 if good else 1


def _defects(word: str, *, again: bool) -> bool:
    chosen = [each for each in DEFECTS if word in each.name]
    found = planting.run(chosen, KEPT / "defects.json", again=again)
    missed = {name: what for name, what in found.items() if what != planting.CAUGHT}
    print(f"{len(found) - len(missed)} of {len(found)} defects caught")
    for name, what in missed.items():
        print(f"{name}: {what}")
    return not missed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "--only", default=None, help="defects whose name has this word, no mutations"
    )
    parser.add_argument("--again", action="store_true", help="also defects that were caught before")
    parser.add_argument(
        "--mutate", nargs="+", choices=mutating.GROUPS, default=[], help="these groups, no defects"
    )
    parser.add_argument(
        "--where", default="", help="mutants to try: a pattern as 'crosstie.network.fold.*'"
    )
    parser.add_argument("--workers", type=int, default=1, help="mutants tried at once")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
