"""How much of what a round would choose among all pairs its sources of candidates bring, by size.

`recall` counts pairs, `worth` what the chosen are worth together: where many pairs are nearly as good
as one another, the sources bring others of the same worth.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import msgspec

from crosstie.evaluate.recall import recalled
from crosstie.matching import policy as policies
from crosstie.matching.ledger import EMPTY
from crosstie.simulate.learner import Learner
from crosstie.simulate.rounds import play
from crosstie.simulate.scenario import Scenario

SIZES = (200, 600, 1_500, 3_000)
POLICY = policies.load(policies.DEFAULT)


def measured(people: int, seed: int = 1) -> dict[str, Any]:
    """The first round of a simulated locality, where all slots are free, and one after four weeks."""
    begun = time.perf_counter()
    rounds = [
        *play(
            Scenario(members=people, seed=seed, days=31),
            POLICY,
            every_days=7,
            refit=Learner(POLICY),
        )
    ]
    ledgers = (EMPTY, *(each.ledger for each in rounds[:-1]))
    first, later = (
        recalled(each.network, each.base, POLICY, at=each.at, ledger=before)
        for each, before in ((rounds[0], ledgers[0]), (rounds[-1], ledgers[-1]))
    )
    return {
        "members": people,
        "first_round": msgspec.to_builtins(first),
        "after_four_weeks": msgspec.to_builtins(later),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    """Measure, and tell in JSON."""
    parser = argparse.ArgumentParser("benchmarks.recall", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print(json.dumps([measured(each, chosen.seed) for each in chosen.sizes], indent=2))


if __name__ == "__main__":
    main()
