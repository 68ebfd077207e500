"""One sample of every event, as documents show it: Priya, a nurse lead, and Tom, in housing."""

from __future__ import annotations

from typing import Any

from crosstie.events import EVENT_TYPES

PRIYA = {"authority": "staff", "id": "p-104"}
TOM = {"authority": "staff", "id": "p-271"}
AISHA = {"authority": "staff", "id": "p-033"}
SOURCE = "/intranet"
TIME = "2026-03-02T09:30:00Z"
SUGGESTION = "phzzb6o26zcqg4wei4o7ykefstxo2kpv"
_PAIR = [PRIYA, TOM]
_ITEM = "post-81"

DATA: dict[str, dict[str, Any]] = {
    "org.crosstie.member.joined.v1": {"member": PRIYA, "consent": True},
    "org.crosstie.member.described.v1": {
        "member": PRIYA,
        "sector": "health",
        "profession": "nursing",
        "role": "lead nurse",
        "organisation": "Northgate Practice",
        "place": "Leeds",
        "level": 4,
        "reports_to": AISHA,
        "interests": ["hospital discharge", "homelessness"],
    },
    "org.crosstie.availability.set.v1": {
        "member": PRIYA,
        "introductions_per_week": 2,
        "mentors_wanted": 1,
        "mentees_offered": 1,
        "wishes": {"directions": ["up"], "sectors": ["housing"]},
    },
    "org.crosstie.member.paused.v1": {"member": PRIYA},
    "org.crosstie.member.resumed.v1": {"member": PRIYA},
    "org.crosstie.member.left.v1": {"member": PRIYA},
    "org.crosstie.consent.withdrawn.v1": {"member": PRIYA},
    "org.crosstie.member.erased.v1": {"member": PRIYA},
    "org.crosstie.need.posted.v1": {
        "member": PRIYA,
        "item": _ITEM,
        "text": "Patients leave hospital with nowhere safe to go. Who has solved this?",
    },
    "org.crosstie.need.resolved.v1": {"member": PRIYA, "item": _ITEM},
    "org.crosstie.offer.posted.v1": {
        "member": TOM,
        "item": _ITEM,
        "text": "How we reserve flats for people who leave hospital",
    },
    "org.crosstie.offer.withdrawn.v1": {"member": TOM, "item": _ITEM},
    "org.crosstie.contact.made.v1": {
        "members": _PAIR,
        "channel": "messaged",
        "started_by": PRIYA,
    },
    "org.crosstie.gathering.held.v1": {"members": [PRIYA, TOM, AISHA]},
    "org.crosstie.suggestion.answered.v1": {
        "members": _PAIR,
        "by": PRIYA,
        "suggestion": SUGGESTION,
        "answer": "accepted",
    },
    "org.crosstie.mentoring.ended.v1": {"members": _PAIR, "by": TOM, "suggestion": SUGGESTION},
    "org.crosstie.member.blocked.v1": {"members": _PAIR, "by": PRIYA},
    "org.crosstie.member.unblocked.v1": {"members": _PAIR, "by": PRIYA},
}


def cloudevent(type_name: str) -> dict[str, Any]:
    """The sample as one structured CloudEvent, the form that `POST /v1/events` takes."""
    return {
        "specversion": "1.0",
        "id": f"{EVENT_TYPES[type_name].name.removeprefix('org.crosstie.')}-1",
        "source": SOURCE,
        "type": type_name,
        "time": TIME,
        "datacontenttype": "application/json",
        "data": DATA[type_name],
    }
