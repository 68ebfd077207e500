"""Suggestions made of chosen pairs: ids, directions, scores, sources, and the reasons of each."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import repeat
from typing import cast

import numpy as np

from crosstie.matching import reasons
from crosstie.matching.answers.features import logged
from crosstie.matching.arrays import Ints
from crosstie.matching.candidates import SOURCES
from crosstie.matching.choosing import Choice
from crosstie.matching.model import Change, Kind, Side, Suggestion
from crosstie.matching.occasion import Occasion
from crosstie.matching.people import DIRECTIONS
from crosstie.matching.policy import Policy
from crosstie.matching.scoring import Scored, Scorer
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network

_SIDES: dict[int, Side] = {bit: cast("Side", name) for name, bit in DIRECTIONS.items()}
_AT_ONCE = 1 << 14  # suggestions: what they are made of is larger than they are


@cache
def _named(sources: int) -> tuple[str, ...]:
    return tuple(name for name, bit in SOURCES.items() if sources & bit)


def suggestion_id(deployment: str, n: int, kind: Kind, members: tuple[str, str]) -> str:
    """32 characters that name one suggestion of one round of one deployment."""
    return suggestion_ids(deployment, n, kind, [members])[0]


def suggestion_ids(
    deployment: str, n: int, kind: Kind, pairs: Sequence[tuple[str, str]]
) -> list[str]:
    """The name of each: 20 bytes of BLAKE2b in base32 (RFC 4648, lower case)."""
    start = "\0".join((deployment, str(n), kind, ""))
    texts = (start + (f"{a}\0{b}" if a < b else f"{b}\0{a}") for a, b in pairs)
    hashes = b"".join(blake2b(text.encode(), digest_size=20).digest() for text in texts)
    written = b32encode(hashes).decode().lower()  # 5 bytes are 8 letters: no hash ends within some
    return [written[place : place + 32] for place in range(0, len(written), 32)]


@dataclass(frozen=True, slots=True)
class Maker:
    """What all suggestions of a round share."""

    network: Network
    scorer: Scorer
    policy: Policy
    occasion: Occasion

    def made(self, choice: Choice) -> Iterator[Change]:
        """The chosen pairs as new suggestions."""
        chosen = np.flatnonzero(choice.chosen)
        for start in range(0, len(chosen), _AT_ONCE):
            for suggestion in self.suggestions(choice, chosen[start : start + _AT_ONCE]):
                yield Change(suggestion, "made")

    def suggestions(self, choice: Choice, which: Ints) -> Iterator[Suggestion]:
        """The pairs `which` of `choice` as new suggestions."""
        if len(which) == 0:
            return
        occasion, kind = self.occasion, choice.kind
        people, graph = self.scorer.people, self.scorer.graph
        one, other = choice.one[which], choice.other[which]
        scored = self.scorer.score(one, other, mentoring=kind == "mentoring")
        members = [
            (people.subjects[a], people.subjects[b])
            for a, b in zip(one.tolist(), other.tolist(), strict=True)
        ]
        known = list(reasons.mutual(people, graph, one, other))
        assert scored.seen is not None  # `score` tells it
        ids = suggestion_ids(occasion.deployment, occasion.n, kind, members)
        for (
            named,
            toward,
            back,
            crosses,
            why,
            first,
            second,
            both_know,
            scores,
            sources,
            *saw,
        ) in zip(
            zip(ids, members, strict=True),
            *(each.tolist() for each in (*scored.toward, scored.common.cross_sector)),
            reasons.reasons(people, scored, known, self._quiet(kind, members)),
            reasons.gives(people, scored, one, other, scored.gives[0], mentor=kind == "mentoring"),
            reasons.gives(people, scored, other, one, scored.gives[1], mentor=False),
            known,
            _scores(choice, scored, which),
            choice.sources[which].tolist(),
            *(each.tolist() for each in scored.seen),
            strict=True,
        ):
            yield Suggestion(
                id=named[0],
                kind=kind,
                members=named[1],
                directions=(_SIDES[toward], _SIDES[back]),
                cross_sector=crosses,
                round=occasion.n,
                made_at=occasion.at,
                expires_at=occasion.at + self.policy.expiry_days.of(kind) * DAY_US,
                reasons=why,
                gives=(first, second),
                mutual=both_know,
                scores=scores,
                sources=_named(sources),
                policy=occasion.policy_digest,
                features=(logged(saw[0]), logged(saw[1])),
            )

    def _quiet(self, kind: Kind, members: list[tuple[str, str]]) -> list[int]:
        """For how many days those who are to reconnect had no contact; -1 for all others."""
        if kind != "reconnection":
            return [-1] * len(members)
        ties = [self.network.tie(*pair) for pair in members]
        at = self.occasion.at
        last = [at if tie is None or tie.last_met is None else tie.last_met for tie in ties]
        return [(at - each) // DAY_US for each in last]


def _scores(choice: Choice, scored: Scored, which: Ints) -> Iterator[dict[str, int]]:
    """By name; of drawn pairs also whose slot drew it, and how likely."""
    worth, drawn = scored.worth, choice.drawn
    columns: dict[str, Ints] = {
        "accepts_first": scored.accepts[0],
        "accepts_second": scored.accepts[1],
        "meets": scored.meets,
        "mutual": worth.mutual,
        "bridging": worth.bridging,
        "structural_hole": worth.structural_hole,
        "contrast": worth.contrast,
        "complement": worth.complement,
        "deficit": worth.deficit,
        "generosity": worth.generosity,
        "load": worth.load,
        "worth": worth.total,
    }
    rows = zip(*(each.tolist() for each in columns.values()), strict=True)
    mentor = worth.mentor.tolist()
    odds = repeat({}, len(which)) if drawn is None else drawn.odds(which)
    for row, suits, each in zip(rows, mentor, odds, strict=True):
        found = dict(zip(columns, row, strict=True))
        if suits:
            found["mentor"] = suits
        found.update(each)
        yield found
