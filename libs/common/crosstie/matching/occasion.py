"""Which round it is and whom it serves: what `step` takes beside all that it decides upon."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Round `n` of `deployment` at `at`, microseconds, under the policy of `policy_digest`.

    `serve` names whom to find suggestions for (None: everyone); members whose slot was freed by time
    or by settlement since the last round are added. A round that is `settle_only` makes nothing.
    `touched`: keys of all rows that may differ since the ledger was settled last (None: any); it
    saves looking at all others, and changes nothing.
    """

    n: int
    at: int
    seed: int
    deployment: str
    policy_digest: str
    serve: frozenset[str] | None = None
    settle_only: bool = False
    touched: frozenset[str] | None = None
