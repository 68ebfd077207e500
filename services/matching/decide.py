"""One round, from what it reads to its record: pure, and run off the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Literal, TypeVar

from msgspec import structs

from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching import record
from crosstie.matching.base import Base
from crosstie.matching.fingerprint import code_version, fingerprint
from crosstie.matching.ledger import WEEK_US, Ledger
from crosstie.matching.model import Round
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import step
from crosstie.network.view import Network
from services.matching.assembly import Cut
from services.matching.store import Named

T = TypeVar("T")


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


def fitted(cut: Cut, rules: Rules, at: int) -> Fitted:
    """The base of this network. It is read back from its bytes: those are what replay reads."""
    body = bases.encode(bases.fit(Network.of(cut.rows), rules.policy, at))
    return Fitted(bases.decode(body), Named(bases.digest(body), body))


def prepared(cut: Cut, previous: Prepared | None) -> Prepared:
    """What a round reads of `cut`; `previous` is of the cut before."""
    if previous is None or cut.touched is None:
        return Prepared.of(Network.of(cut.rows))
    return previous.after(cut.rows, cut.touched)


def decided(
    opening: Opening,
    ledger: Ledger,
    fitted: Fitted,
    rules: Rules,
    deployment: str,
    previous: Prepared | None = None,
) -> Decided:
    """Round `opening.n`: everyone in a full round, else those who changed since the last."""
    ready = prepared(opening.cut, previous)
    seed = record.seed(deployment, opening.n)
    after, changes, notes = step(
        ready.network,
        ledger,
        fitted.base,
        rules.policy,
        at=opening.at,
        seed=seed,
        n=opening.n,
        deployment=deployment,
        policy_digest=rules.named.digest,
        serve=None if opening.full else opening.cut.changed,
        prepared=ready,
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
    )
    return Decided(record.chained(round), after, ready)


def delivered(round: Round, delivery: dict[str, tuple[str, ...]]) -> Round:
    """The same round and where its suggestions went; its digest does not cover that."""
    return structs.replace(round, delivery=delivery)


def now(clock: Literal["wall", "log"], latest: int) -> int:
    """The port of rounds' time: the wall clock, or `latest`, the greatest event time read."""
    return latest if clock == "log" else time.time_ns() // 1000


def next_due(ledger: Ledger) -> float:
    """When time alone next frees something: an expiry, or a week since a suggestion was made."""
    expiries = (each.expires_at + 1 for each in ledger.live.values())
    weeks = (
        when + WEEK_US
        for counted in (ledger.made, ledger.mentorings)
        for made in counted.values()
        for when in made
        if when > ledger.at - WEEK_US
    )
    return min((*expiries, *weeks), default=inf)


async def off_loop(work: Callable[[], T]) -> T:
    """Run `work` in a thread that never holds up the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[], None]) -> None:
        if not done.cancelled() and not loop.is_closed():
            setter()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  it is raised where the work is awaited
            failure = error
            _call(loop, lambda: settle(lambda: done.set_exception(failure)))
        else:
            _call(loop, lambda: settle(lambda: done.set_result(result)))

    threading.Thread(target=run, name="matching-round", daemon=True).start()
    return await done


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more
