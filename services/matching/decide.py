"""One round, from what it reads to its record: pure, and run off the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msgspec import structs

from crosstie import instants
from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching import record
from crosstie.matching.base import Base
from crosstie.matching.fingerprint import code_version, fingerprint
from crosstie.matching.flows import Solver
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.matching.occasion import Occasion
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import step
from crosstie.network.view import Network
from services.matching.assembly import Cut
from services.matching.store import Named


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy as it is used, and its bytes as they are kept."""

    policy: Policy
    named: Named

    @classmethod
    def of(cls, body: bytes) -> Rules:
        """Raises Rejected for a policy that is none."""
        return cls(policies.load(body), Named(policies.digest(body), body))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A base as it is used, and its bytes as they are kept."""

    base: Base
    named: Named


@dataclass(frozen=True, slots=True)
class Opening:
    """What a round is about to decide upon."""

    n: int
    at: int
    full: bool
    cut: Cut
    previous: str  # digest of round n - 1
    settle_only: bool = False
    left_over: frozenset[str] = frozenset()  # by rounds since the last that made suggestions
    touched: frozenset[str] | None = None  # keys that may differ since the last round; None: any

    @property
    def serve(self) -> frozenset[str] | None:
        """Whom to find suggestions for; None: everyone."""
        changed = self.cut.changed
        return None if self.full or changed is None else changed | self.left_over


@dataclass(frozen=True, slots=True)
class Decided:
    """The round, the ledger after it, and what it saw."""

    round: Round
    ledger: Ledger
    prepared: Prepared

    @property
    def network(self) -> Network:
        """The network that the round saw."""
        return self.prepared.network


def named(base: Base) -> Fitted:
    """A base as its bytes tell it: those are what replay reads."""
    return read_back(bases.encode(base))


def read_back(body: bytes) -> Fitted:
    """The base in `body`. Raises msgspec.DecodeError for one of another version."""
    return Fitted(bases.decode(body), Named(bases.digest(body), body))


def simple(network: Network, rules: Rules, at: int) -> Fitted:
    """The base of rules and of rarity of words, fitted at once: the first, where there is none."""
    return named(bases.fit(network, rules.policy, at))


def decided(
    opening: Opening,
    ledger: Ledger,
    fitted: Fitted,
    rules: Rules,
    deployment: str,
    ready: Prepared,
    solve: Solver,
) -> Decided:
    """Round `opening.n`, upon what is `ready` of its cut. Raises what `solve` does."""
    seed = record.seed(deployment, opening.n)
    after, changes, notes = step(
        ready.network,
        ledger,
        fitted.base,
        rules.policy,
        Occasion(
            n=opening.n,
            at=opening.at,
            seed=seed,
            deployment=deployment,
            policy_digest=rules.named.digest,
            serve=opening.serve,
            settle_only=opening.settle_only,
            touched=opening.touched,
        ),
        prepared=ready,
        solve=solve,
    )
    round = Round(
        n=opening.n,
        at=opening.at,
        full=opening.full,
        seed=seed,
        offsets=opening.cut.offsets,
        policy=rules.named.digest,
        base=fitted.named.digest,
        code=code_version(),
        fingerprint=fingerprint(),
        previous=opening.previous,
        digest="",
        changes=changes,
        notes=notes,
        settle_only=opening.settle_only,
    )
    return Decided(record.chained(round), after, ready)


def delivered(round: Round, delivery: dict[str, tuple[str, ...]], at: int) -> Round:
    """The same round and where its suggestions went, as of when; its digest does not cover that."""
    return structs.replace(round, delivery=delivery, delivery_at=at)


def now(clock: Literal["wall", "log"], latest: int) -> int:
    """The port of rounds' time: the wall clock, or `latest`, the greatest event time read."""
    return latest if clock == "log" else instants.now()
