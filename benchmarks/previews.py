"""Previews and rounds of few at any size: the pure matcher, without a service.

    python -m benchmarks.previews --members 100000

A full round of everyone, then previews of anybody while half of its suggestions stand, then rounds
after one changed member, after one changed tie, and after 120 ties changed, as half a second at 200
events a second brings. Times on a clock, and of all processors, which tells what others on the
machine did not take.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec.structs import replace

from benchmarks import networks, rounds
from crosstie.matching import base as bases
from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.occasion import Occasion
from crosstie.matching.prepared import Prepared
from crosstie.matching.preview import preview
from crosstie.network.rows import Rows
from crosstie.network.state import Row, Tie, member_key, tie_key
from crosstie.network.strength import DAY_US, Strength
from crosstie.network.view import Network

PREVIEWS, ROUNDS, MANY_TIES = 400, 20, 120
WARM_UP = 5


class Times:
    """Seconds of every one, on the clock and of processors."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float]] = []

    def of(self, work: Callable[[], Any]) -> Any:
        """What `work` returns, timed."""
        begun = time.perf_counter(), time.process_time()
        result = work()
        self._taken.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
        return result

    def told(self) -> dict[str, float]:
        """Milliseconds; the first few compile and fill what is kept."""
        clock, processors = np.array(self._taken[WARM_UP:]).T * 1000
        return {
            "p50_ms": round(float(np.percentile(clock, 50)), 1),
            "p99_ms": round(float(np.percentile(clock, 99)), 1),
            "processor_p50_ms": round(float(np.percentile(processors, 50)), 1),
            "processor_p99_ms": round(float(np.percentile(processors, 99)), 1),
            "count": len(clock),
        }


def measured(people: int) -> dict[str, Any]:
    """The figures of one size."""
    rounds.warm_up()
    rows = networks.network(people, rounds.TIES_EACH * people)
    prepared = Prepared.of(Network.of(rows))
    base = bases.fit(prepared.network, rounds.POLICY, networks.START)
    _, changes, _ = rounds.decide(prepared, EMPTY, base, 1, None)
    ledger = EMPTY.after(changes[::2], networks.START)
    gc.collect()
    gc.freeze()
    draw, names, seen = random.Random(3), sorted(rows.members), Times()
    for name in draw.sample(names, min(PREVIEWS, people)):
        seen.of(lambda name=name: _preview(prepared, ledger, base, name))  # type: ignore[misc]
    figures: dict[str, Any] = {"members": people, "ties": len(rows.ties), "preview": seen.told()}
    n = 2
    for kind, count in (("member", 1), ("tie", 1), ("tie", MANY_TIES)):
        times = Times()
        for _ in range(ROUNDS):
            n += 1
            changed = _member(rows, n) if kind == "member" else _ties(rows, names, count, draw)
            rows = rows.after(changed)
            prepared, ledger = times.of(
                lambda now=rows, keys=changed, n=n, before=prepared, known=ledger: _round(  # type: ignore[misc]
                    before.after(now, keys), known, base, n, frozenset(keys)
                )
            )
        figures[f"round_after_{count}_{kind}"] = times.told()
    return figures


def _preview(prepared: Prepared, ledger: Ledger, base: bases.Base, name: str) -> Any:
    return preview(
        prepared,
        ledger,
        base,
        rounds.POLICY,
        Occasion(
            n=2,
            at=networks.START + 2,
            seed=2,
            deployment="bench",
            policy_digest="bench",
            touched=frozenset(),
        ),
        subject=name,
    )


def _round(
    after: Prepared, ledger: Ledger, base: bases.Base, n: int, touched: frozenset[str]
) -> tuple[Prepared, Ledger]:
    who = frozenset(name for key in touched for name in key.split("/")[1:])
    return after, rounds.decide(after, ledger, base, n, who, touched)[0]


def _member(rows: Rows, n: int) -> dict[str, Row | None]:
    """A new need of somebody."""
    now, who = networks.changed(rows, 1, seed=n)
    return {member_key(each): now.members[each] for each in who}


def _ties(rows: Rows, names: list[str], count: int, draw: random.Random) -> dict[str, Row | None]:
    """Contacts, one in ten of people who had none."""
    found: dict[str, Row | None] = {}
    while len(found) < count:
        one, other = sorted(draw.sample(names, 2))
        if draw.random() < 0.9:
            place = draw.randrange(len(names) - networks.CIRCLE)
            near = names[place : place + networks.CIRCLE]
            known = [(one, b) for one in near[:1] for b in near[1:] if (one, b) in rows.ties]
            one, other = known[0] if known else (one, other)
        tie = rows.ties.get((one, other)) or Tie(one, other)
        last = networks.START + DAY_US
        found[tie_key(one, other)] = replace(
            tie, strength=Strength(tie.strength.value + 1, last), first=tie.first or last,
            contacts=tie.contacts | {"met": tie.contacts.get("met", 0) + 1},
            last=last, last_met=last,
        )  # fmt: skip
    return found


def main() -> None:
    """Measure, and tell in JSON."""
    parser = argparse.ArgumentParser("benchmarks.previews", description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    print(json.dumps(measured(parser.parse_args().members)))


if __name__ == "__main__":
    main()
