"""`step`: one round. Settles what happened, then makes new suggestions. Pure."""

from __future__ import annotations

from crosstie.matching.base import Base
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Change
from crosstie.matching.policy import Policy
from crosstie.network.view import Network


def step(
    network: Network,
    ledger: Ledger,
    base: Base,
    policy: Policy,
    *,
    at: int,
    seed: int,
    n: int,
    deployment: str,
    policy_digest: str,
    serve: frozenset[str] | None,
) -> tuple[Ledger, tuple[Change, ...], dict[str, int]]:
    """The ledger after round `n`, its decisions in order, and counts.

    `serve` names whom to find suggestions for (None: everyone); members whose slot was freed by
    time or by settlement since the last round are added here.
    """
    changes: tuple[Change, ...] = ()
    return ledger.after(changes, at), changes, {}
