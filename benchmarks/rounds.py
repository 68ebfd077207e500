"""Rounds of the pure matcher: how long, how much memory, at which size. One process per size.

A full round of everyone, then one after 1 and after 1,000 changed members, and after as many who came,
while half of the full round's suggestions stand. `cold` reads every row; `warm` has what the last
round read. The time of numba's compilation is told apart: it comes once per machine. Seconds of
processors, all cores', say more than seconds where the machine has other work.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchmarks import networks
from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching.kindred import corpus, kindred
from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.occasion import Occasion
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import step
from crosstie.matching.ties.model import TieModel
from crosstie.network.state import member_key
from crosstie.network.view import Network
from services.matching.garbage import leave_what_is_held

T = TypeVar("T")
TIES_EACH = 20
POLICY = policies.load(policies.DEFAULT)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = work()
    return round(time.perf_counter() - begun, 3), result


def busy(work: Callable[[], T]) -> tuple[float, float, T]:
    """Seconds, seconds of processors, and the result."""
    begun = time.process_time()
    seconds, result = timed(work)
    return seconds, round(time.process_time() - begun, 3), result


def peak_mib() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit >> 20


def now_mib() -> int:
    """Resident now, where the system tells; else the most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return peak_mib()
    return pages * resource.getpagesize() >> 20


def decide(
    prepared: Prepared,
    ledger: Ledger,
    base: bases.Base,
    n: int,
    serve: frozenset[str] | None,
    touched: frozenset[str] | None = None,
) -> Any:
    return step(
        prepared.network,
        ledger,
        base,
        POLICY,
        Occasion(
            n=n,
            at=networks.START + n,
            seed=n,
            deployment="bench",
            policy_digest="bench",
            serve=serve,
            touched=touched,
        ),
        prepared=prepared,
    )


def warm_up() -> tuple[float, TieModel | None]:
    """Compile, or load what was compiled; the ranking of ties that rounds then use."""
    small = Network.of(networks.network(300, 3000))
    base = bases.fit(bases.material(small), POLICY, networks.START)
    return timed(lambda: decide(Prepared.of(small), EMPTY, base, 1, None))[0], base.ties


def measure(people: int) -> dict[str, Any]:
    """The figures of one size, in this process."""
    compiled, ranking = warm_up()
    rows = networks.network(people, TIES_EACH * people)
    leave_what_is_held()
    held = now_mib()
    read, read_cpu, prepared = busy(lambda: Prepared.of(Network.of(rows)))
    fit, base = timed(lambda: bases.fit(prepared.network, POLICY, networks.START))
    alike = kindred(corpus(prepared.network))
    base = msgspec.structs.replace(base, ties=ranking, kindred=alike)  # weights of any network do
    full, full_cpu, (_, changes, notes) = busy(lambda: decide(prepared, EMPTY, base, 1, None))
    peak = peak_mib()
    ledger = EMPTY.after(changes[::2], networks.START)
    figures: dict[str, Any] = {
        "members": people,
        "ties": len(rows.ties),
        "warm_up_seconds": compiled,
        "fit_seconds": fit,
        "read_seconds": read,
        "read_cpu_seconds": read_cpu,
        "full_round_seconds": full,
        "full_round_cpu_seconds": full_cpu,
        "full_round_us_per_member": round((read + full) / people * 1e6, 1),
        "suggestions": len(changes),
        "gap_millionths": notes["assignment.gap-millionths"],
        "rows_mib": held,
        "peak_mib": peak,
    }
    print(json.dumps(figures), file=sys.stderr)  # of a million, what follows takes as long again
    few = (1, min(1000, people // 10))
    made_of = {"changed": networks.changed, "come": networks.come}
    for n, (kind, count) in enumerate(product(made_of, few), start=2):
        now, who = made_of[kind](rows, count, seed=n)
        touched = [member_key(each) for each in who]
        begun = time.perf_counter()
        decide(Prepared.of(Network.of(now)), ledger, base, n, who)
        cold = time.perf_counter() - begun
        begun = time.perf_counter()
        after = prepared.after(now, touched)
        updated = time.perf_counter() - begun
        made = decide(after, ledger, base, n, who, frozenset(touched))
        warm = time.perf_counter() - begun
        figures[f"after_{count}_{kind}"] = {
            "cold_seconds": round(cold, 3),
            "update_seconds": round(updated, 3),
            "warm_seconds": round(warm, 3),
            "suggestions": len(made[1]),
        }
    return figures


def measured(people: int) -> dict[str, Any]:
    """The figures of one size, in a process of its own: peak memory is that size's."""
    command = [sys.executable, "-m", "benchmarks.rounds", "--one", str(people)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure, and tell in JSON."""
    parser = argparse.ArgumentParser("benchmarks.rounds", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--one", type=int, help="this size only, in this process")
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one)))
    else:
        print(json.dumps([measured(each) for each in chosen.sizes], indent=2))


if __name__ == "__main__":
    main()
