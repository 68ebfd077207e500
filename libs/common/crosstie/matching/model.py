"""What the matcher decides: suggestions, their states, and the record of a round.

Ids and reason codes only, never text: words are made from these at the edge (`explain`).
Times are integer microseconds; scores are quantised to integers (millionths) before use.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct, structs

Kind = Literal["introduction", "mentoring", "reconnection"]
Side = Literal["up", "down", "across"]
State = Literal["open", "accepted", "met", "declined", "withdrawn", "expired", "ended"]
FINAL: frozenset[State] = frozenset(("declined", "withdrawn", "expired", "ended", "met"))


class Reason(Struct, frozen=True, array_like=True, gc=False):
    """Why: a code of docs/reasons.md, an integer amount, and ids it is about.

    E.g. ("mutual-contacts", 3, (ids...)), ("offer-meets-need", 412000, (offer item, need item)).
    """

    code: str
    amount: int = 0
    about: tuple[str, ...] = ()


class Suggestion(Struct, frozen=True, omit_defaults=True, gc=False):
    """One suggestion and where it stands. members[0] < members[1], except mentoring: mentor first."""

    id: str
    kind: Kind
    members: tuple[str, str]
    directions: tuple[Side, Side]  # as members[0] sees members[1], and the other way round
    cross_sector: bool
    round: int  # that made it
    made_at: int
    expires_at: int
    state: State = "open"
    seq: int = 1  # grows by one with every change
    accepted_by: tuple[str, ...] = ()
    declined_by: tuple[str, ...] = ()  # for learning; shown to nobody
    reasons: tuple[Reason, ...] = ()  # shared by both sides
    gives: tuple[tuple[Reason, ...], tuple[Reason, ...]] = (
        (),
        (),
    )  # what members[i] can give the other
    mutual: tuple[str, ...] = ()  # mutual contacts, strongest first, at most 3
    scores: dict[str, int] = {}  # millionths, by name of step
    sources: tuple[str, ...] = ()  # candidate sources that brought the pair
    policy: str = ""  # digest
    features: tuple[tuple[int, ...], tuple[int, ...]] = (
        (),
        (),
    )  # version, then what affinity saw of members[i] about the other: see answers.features


class Change(Struct, frozen=True, omit_defaults=True, gc=False):
    """One decision of a round: the suggestion as it is from now on, and why."""

    suggestion: Suggestion
    cause: str  # made, accepted, met, declined, withdrawn:<why>, expired, ended


def changed(suggestion: Suggestion, cause: str, state: State, **news: object) -> Change:
    """The next state of `suggestion`, numbered."""
    return Change(structs.replace(suggestion, state=state, seq=suggestion.seq + 1, **news), cause)


class Round(Struct, frozen=True, omit_defaults=True):
    """All a round read and decided; kept for ever in `rounds.v1`.

    `offsets` is V: the end of every partition of `events.v1` that the network reflects.
    `digest` is of the previous digest and this round's own bytes: a hash chain. Defaults are left
    out of these, so that a field added with a default leaves the digests of old rounds alone.
    No digest covers `delivery` and `delivery_at`: who deals with which people is not computed.
    """

    n: int
    at: int
    full: bool
    seed: int
    offsets: tuple[int, ...]
    policy: str
    base: str
    code: str
    fingerprint: str
    previous: str
    digest: str
    changes: tuple[Change, ...]
    notes: dict[str, int] = {}  # counts: candidates, pairs, ignored answers, optimality gap, ...
    delivery: dict[str, tuple[str, ...]] = {}  # suggestion id -> platforms; not recomputed
    delivery_at: int = 0  # wall clock, when platforms were asked for; 0: of an earlier version
    settle_only: bool = False  # rounds were held: it made nothing, and serves nobody


_encoder = msgspec.json.Encoder(order="deterministic")


def decided(changes: tuple[Change, ...], notes: dict[str, int]) -> bytes:
    """The bytes that recomputation must reproduce."""
    return _encoder.encode((changes, notes))
