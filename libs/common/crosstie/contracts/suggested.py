"""A sample of every suggestion event, put into words by what matching itself calls.

The decision is stated here, as the matcher records it; what a platform reads of it is not.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import structs

from crosstie.contracts.samples import AISHA, DATA, PRIYA, SOURCE, SUGGESTION, TIME, TOM
from crosstie.events import Person
from crosstie.instants import from_rfc3339
from crosstie.matching.model import Reason, State, Suggestion
from crosstie.network.state import Fact, Member, Row, Tie, member_key, tie_key
from crosstie.network.strength import DAY_US, Strength
from crosstie.network.view import Network
from crosstie.showing import shown_seq, shown_state
from crosstie.topics import Topics

_AT: Final = from_rfc3339(TIME)
_SUBJECTS: Final = {"P" * 16: PRIYA, "T" * 16: TOM, "A" * 16: AISHA}
_PRIYA, _TOM, _AISHA = _SUBJECTS
_NEED, _OFFER = DATA["org.crosstie.need.posted.v1"], DATA["org.crosstie.offer.posted.v1"]

MADE: Final = Suggestion(
    id=SUGGESTION,
    kind="introduction",
    members=(_PRIYA, _TOM),
    directions=("down", "up"),
    cross_sector=True,
    round=17,
    made_at=_AT,
    expires_at=_AT + 14 * DAY_US,
    reasons=(
        Reason("mutual-contacts", 1, (_AISHA,)),
        Reason("cross-sector"),
        Reason("levels-apart", 1),
        Reason("same-place"),
    ),
    gives=(
        (
            Reason("experience", 1),
            Reason("another-sector"),
            Reason("another-profession"),
        ),
        (
            Reason("offer-meets-need", 365_148, (_OFFER["item"], _NEED["item"])),
            Reason("view-from-practice", 1),
            Reason("another-sector"),
            Reason("another-profession"),
        ),
    ),
    mutual=(_AISHA,),
    scores={
        "accepts_first": 596_815,
        "accepts_second": 575_429,
        "meets": 1_000_000,
        "mutual": 343_425,
        "bridging": 694_013,
        "structural_hole": 0,
        "contrast": 1_000_000,
        "complement": 365_148,
        "deficit": 0,
        "generosity": 166_667,
        "load": 0,
        "worth": 538_993,
    },
    sources=(
        "friends-of-friends",
        "needs-and-offers",
        "up",
        "down",
        "random",
        "promising",
        "pagerank",
    ),
    policy="9d1f6c0e",
)
_THERE: Final = {
    "joined": True,
    "consent": True,
    "available": True,
    "availability": [2, 0, 0, [], []],
}
_HOW: Final[dict[str, tuple[State, str]]] = {
    "made": ("open", "made"),
    "accepted": ("accepted", "accepted"),
    "withdrawn": ("withdrawn", "withdrawn:capacity"),
    "expired": ("expired", "expired"),
    "closed": ("declined", "declined"),
}


def suggestion_changed(state: str) -> dict[str, Any]:
    """Data of the event that brings the suggestion into `state`, to the platform of both."""
    from services.matching.tell import Words  # noqa: PLC0415  a service: only when called

    inner, cause = _HOW[state]
    accepted = MADE.members if state == "accepted" else ()
    found = structs.replace(MADE, state=inner, accepted_by=accepted)
    shown = shown_state(found, cause)
    assert shown == state
    people = {subject: Person.model_validate(each) for subject, each in _SUBJECTS.items()}
    data = Words(network(), people, Topics(), "local").data(found, shown, {PRIYA["authority"]})
    assert data.seq == shown_seq(found)
    return data.model_dump(mode="json")


def network() -> Network:
    """Priya, Tom and Aisha as their events describe them; Aisha knows both."""
    described = DATA["org.crosstie.member.described.v1"]
    priya = {name: described[name] for name in described if name not in {"member", "reports_to"}}
    tom = {
        "sector": "housing",
        "profession": "housing",
        "role": "allocations manager",
        "organisation": "Leeds Homes",
        "place": "Leeds",
        "level": 3,
    }
    rows: dict[str, Row] = {}
    for subject, said in (
        (_PRIYA, priya | {f"need/{_NEED['item']}": _NEED["text"]}),
        (_TOM, tom | {f"offer/{_OFFER['item']}": _OFFER["text"]}),
        (_AISHA, {}),
    ):
        facts = _THERE | said
        rows[member_key(subject)] = Member(
            subject, {name: Fact(facts[name], _AT, SOURCE, name) for name in sorted(facts)}
        )
    for subject in (_PRIYA, _TOM):
        tie = Tie(
            _AISHA, subject, Strength(2.0, _AT), {"met": 2}, first=_AT, last=_AT, last_met=_AT
        )
        rows[tie_key(tie.a, tie.b)] = tie
    return Network.of(rows)
