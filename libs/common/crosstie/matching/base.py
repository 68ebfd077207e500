"""What is fitted now and then and then frozen: a round computes against one base, by digest.

Words stand in it as buckets of a hash, and only those that several people used: a base outlives
erasures, so nothing of one person may be in it.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from math import log
from typing import Literal

import msgspec
from msgspec import Struct

from crosstie.matching.policy import Policy
from crosstie.matching.words import BUCKETS, buckets
from crosstie.network.view import Network

LEAST_PEOPLE = 5  # that used a word, before the base remembers it

__all__ = ["BUCKETS", "Base", "decode", "digest", "encode", "fit"]


class Base(Struct, frozen=True, forbid_unknown_fields=True):
    """`rules` for now: affinity's weights come from the policy, rarity of words from here."""

    model: Literal["rules"] = "rules"
    people: int = 0  # with a need or an offer
    used_by: dict[int, int] = {}  # bucket of a word -> people who used it, ascending

    def rarity(self, bucket: int) -> float:
        """Inverse document frequency, smoothed; a word not remembered counts as rare."""
        return log((1 + self.people) / (1 + self.used_by.get(bucket, 1))) + 1.0


def fit(network: Network, policy: Policy, at: int) -> Base:
    """The base of this network; `policy` and `at` are for models that learn from answers."""
    del policy, at
    used_by: Counter[int] = Counter()
    people = 0
    for member in network.members.values():
        texts = (*member.needs.values(), *member.offers.values())
        if texts:
            people += 1
            used_by.update({bucket for text in texts for bucket in buckets(text)})
    shared = {bucket: n for bucket, n in sorted(used_by.items()) if n >= LEAST_PEOPLE}
    return Base(people=people, used_by=shared)


def encode(base: Base) -> bytes:
    """Canonical JSON: `used_by` is ascending already (msgspec orders no keys but strings)."""
    return msgspec.json.encode(base)


def decode(data: bytes) -> Base:
    """The base in `data`."""
    return msgspec.json.decode(data, type=Base)


def digest(data: bytes) -> str:
    """Names a base's bytes: blake2b, 16 bytes, hexadecimal."""
    return blake2b(data, digest_size=16).hexdigest()
