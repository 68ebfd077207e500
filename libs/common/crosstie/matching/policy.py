"""What operators may turn: a versioned policy file, checked, named by the digest of its bytes."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from importlib import resources
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from crosstie.errors import MISSING, UNREADABLE, Rejected
from crosstie.matching.model import Kind

MOST_COOL_DOWN_DAYS = 365  # the ledger remembers pairs a day longer
Days = Annotated[int, Meta(ge=1, le=730)]
Quota = Annotated[int, Meta(ge=0, le=200)]
Weight = Annotated[float, Meta(ge=-10, le=10)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Expiry(Struct, frozen=True, forbid_unknown_fields=True):
    """Days until an unanswered suggestion expires, by kind."""

    introduction: Days
    mentoring: Days
    reconnection: Days

    def of(self, kind: Kind) -> int:
        """The days of `kind`."""
        return int(getattr(self, kind))


class Candidates(Struct, frozen=True, forbid_unknown_fields=True):
    """Most candidates a member gets from each source."""

    friends_of_friends: Quota
    needs_and_offers: Quota
    up: Quota
    down: Quota
    across: Quota
    dormant: Quota
    random: Quota
    mentors: Quota
    shortlist: Annotated[
        int, Meta(ge=1, le=200)
    ]  # of introductions, that go into the assignment: the likeliest to form at market prices
    hub_ties: Annotated[
        int, Meta(ge=10, le=2000)
    ]  # through one person, only their strongest ties are followed
    promising: Quota = 0  # these: none in policies of the version before
    near: Quota = 0
    pagerank: Quota = 0
    same_problem: Annotated[int, Meta(ge=0, le=50)] = 0
    latent: Quota = 0


class Affinity(Struct, frozen=True, forbid_unknown_fields=True):
    """Log-odds that a accepts b: `start` plus each weight times its feature."""

    start: Weight
    wished_direction: Weight  # +1 wished, -1 wished otherwise, 0 no wish
    wished_sector: Weight
    level_step: Weight  # per level of distance
    upward: Weight  # b is more senior
    mutual_contacts: Weight  # per natural log of 1 + count
    shared_interests: Weight  # per natural log of 1 + count
    offer_meets_need: Weight  # b's offer, a's need; cosine
    need_met_by_offer: Weight  # b's need, a's offer; cosine
    same_profession: Weight
    same_sector: Weight
    same_place: Weight
    busy: Weight  # share of a's weekly rate that is open
    one_sided: Weight  # share by which the other made more of the effort, for reconnections
    mentoring: Weight
    closeness: Weight = 0.0  # natural log of how many times likelier to come to know each other


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """Worth of a pair = mutual acceptance x (weighted sum), never below zero."""

    bridging: Weight
    best_overlap: Annotated[
        float, Meta(gt=0, le=100)
    ]  # mutual contacts at which bridging is highest
    bridging_floor: Share  # of the highest, with no mutual contact at all
    structural_hole: Weight  # whom each knows, and the other does not
    contrast: Weight  # sector, profession, level apart, once something is shared
    cross_sector: Weight
    complement: Weight  # an offer meets a need, either way
    deficit: Weight
    generosity: Weight
    load: Weight  # subtracted: how many would like each of the two, per free slot
    slot_step: Weight  # subtracted once more with every further mentee of a mentor
    least: Share  # pairs of less worth are not suggested


class Quotas(Struct, frozen=True, forbid_unknown_fields=True):
    """Least shares of a round's introductions, as far as candidates allow."""

    cross_sector: Share
    across_levels: Share  # up for one, down for the other
    same_level: Share


class Mentoring(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may mentor whom, and for how long the slot is held."""

    level_gap: Annotated[int, Meta(ge=1, le=6)]
    widest_gap: Annotated[int, Meta(ge=1, le=6)]
    term_days: Days
    most_a_week: Annotated[int, Meta(ge=0, le=40)]  # suggested to one person, as either
    experience: Weight = 0.0  # added to worth: per level that the mentor is above, two at most
    profession: Weight = 0.0  # added to worth within one profession; below 0: across rather


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """All that steers a round."""

    version: Literal[1]
    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
    expiry_days: Expiry
    days_to_meet: Days  # both accepted, nobody said that they met
    cool_down_days: Annotated[
        int, Meta(ge=0, le=MOST_COOL_DOWN_DAYS)
    ]  # from the pair's last change
    dormant_days: Days  # since they last met: time to reconnect
    least_likeness: Share  # cosine of an offer and a need, below which neither is told of the other
    exploration: Annotated[
        float, Meta(ge=0, le=0.5)
    ]  # share of introduction slots that go to pairs drawn at random
    mentoring: Mentoring
    candidates: Candidates
    affinity: Affinity
    value: Value
    quotas: Quotas


DEFAULT: bytes = resources.files("crosstie.matching").joinpath("policy-default-1.json").read_bytes()

_LIMIT = re.compile(r"^Expected |`")
_decoder = msgspec.json.Decoder(Policy)


def digest(data: bytes) -> str:
    """Names a policy's bytes: blake2b, 16 bytes, hexadecimal."""
    return blake2b(data, digest_size=16).hexdigest()


def load(data: bytes) -> Policy:
    """The policy in `data`. Raises Rejected with the pointer of the first bad value."""
    try:
        policy = _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _rejected(data, str(error)) from error
    except UNREADABLE as error:
        raise Rejected("", str(error), "JSON", "start from the default policy") from error
    if policy.mentoring.widest_gap < policy.mentoring.level_gap:
        raise Rejected(
            "/mentoring/widest_gap",
            policy.mentoring.widest_gap,
            f"{policy.mentoring.level_gap} (level_gap) or more",
            "widen it",
        )
    return policy


def _rejected(data: bytes, message: str) -> Rejected:
    """msgspec says `Expected ... - at `$.a.b``: that path as a pointer, and what stood there."""
    limit, _, place = message.partition(" - at `$")
    field = re.search(r"(?:unknown|required) field `([^`]+)`", limit)
    steps = re.findall(r"\.([^.\[`]+)", place) + ([field[1]] if field else [])
    value: Any = json.loads(data)
    for step in steps:
        value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    remedy = "start from the default policy; see docs/policies.md"
    return Rejected("".join(f"/{step}" for step in steps), value, _LIMIT.sub("", limit), remedy)
