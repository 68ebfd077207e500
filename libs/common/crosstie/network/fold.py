"""`fold(state, event) -> state`: the one function by which events become members and ties.

Called in log order, one event at a time, by live services, replay, tests and notebooks. Pure.
An event changes only the row of its own key, so every vector of offsets is a valid cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import UNSET, structs

from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.state import ANSWERS_KEPT, CIRCLE, ITEMS_KEPT, Fact, Member, Reply, Row, Tie
from crosstie.network.strength import add

ERASED = "org.crosstie.member.erased.v1"

EARLIEST = "available"  # the one fact of which not the last but the first is kept

ITEMS = ("need/", "offer/")  # facts of which a member may name any number

Said = Mapping[str, Any]  # names of facts and their new values


def fold(row: Row | None, event: Event) -> Row | None:
    """The row of `event.key` after `event`; None once erased, and redacted events change nothing."""
    if event.data is None:
        return row
    if event.key.startswith("member/"):
        assert not isinstance(row, Tie)
        return fold_member(row, event)
    assert not isinstance(row, Member)
    return fold_tie(row, event)


def fold_all(rows: Mapping[str, Row | None], events: Iterable[Event]) -> dict[str, Row | None]:
    """The rows that `events` change, given (at least) the rows they touch; None is erased.

    What follows an erasure counts as redacted, as it will once the data key is gone: a batch that
    holds both gives the same as two batches.
    """
    after: dict[str, Row | None] = {}
    erased: set[str] = set()
    for event in events:
        key = event.key
        if key in erased:
            continue
        after[key] = fold(after[key] if key in after else rows.get(key), event)
        if event.type == ERASED and event.data is not None:
            erased.add(key)
    return {key: row for key, row in after.items() if row != rows.get(key)}


def fold_member(member: Member | None, event: Event) -> Member | None:
    """The member after `event`: each fact that it states, where it is the one that holds."""
    if event.type == ERASED:
        return None
    said = _SAID[event.type](event.data)
    before = member.facts if member is not None else {}
    stated = {name: Fact(value, event.time, event.source, event.id) for name, value in said.items()}
    news = {
        name: fact
        for name, fact in stated.items()
        if name not in before or _prevails(name, fact, before[name])
    }
    if member is not None and not news:
        return member
    # sorted, so that rows that say the same are the same bytes
    facts = _bounded(dict(sorted((before | news).items())))
    if member is not None and facts == before:
        return member
    return Member(event.data.member, facts)


def fold_tie(tie: Tie | None, event: Event) -> Tie:
    """The tie after `event`."""
    return _TIES[event.type](tie or Tie(*sorted(event.data.members)), event)


def _prevails(name: str, fact: Fact, known: Fact) -> bool:
    if name == EARLIEST:
        return fact.stamp < known.stamp
    return fact.precedence(name) > known.precedence(name)


def _bounded(facts: dict[str, Fact]) -> dict[str, Fact]:
    """Of each kind of item the greatest in order of facts; what is over counts too, lest it return.

    No order of arrival shows: what is known of an item only ever grows, so an item that was dropped
    is kept again only by a fact that is greater than one of those kept instead.
    """
    for kind in ITEMS:
        names = [name for name in facts if name.startswith(kind)]
        if len(names) > ITEMS_KEPT:
            names.sort(key=lambda name: (facts[name].precedence(name), name))
            dropped = set(names[:-ITEMS_KEPT])
            facts = {name: fact for name, fact in facts.items() if name not in dropped}
    return facts


def _described(data: f.Described) -> Said:
    fields = structs.asdict(data)
    return {
        name: value for name, value in fields.items() if name != "member" and value is not UNSET
    }


def _availability(data: f.Availability) -> Said:
    """With it since when, and when last not: a platform that says the same daily resets nothing."""
    wishes = data.wishes
    return {
        "available" if data.introductions_per_week else "unavailable": True,
        "availability": [
            data.introductions_per_week,
            data.mentors_wanted,
            data.mentees_offered,
            list(wishes.directions),
            list(wishes.sectors),
        ],
    }


_SAID: Mapping[str, Callable[[Any], Said]] = {
    "org.crosstie.member.joined.v1": lambda data: {"joined": True, "consent": data.consent},
    "org.crosstie.member.left.v1": lambda _: {"joined": False},
    "org.crosstie.consent.withdrawn.v1": lambda _: {"consent": False},
    "org.crosstie.member.paused.v1": lambda _: {"paused": True},
    "org.crosstie.member.resumed.v1": lambda _: {"paused": False},
    "org.crosstie.member.described.v1": _described,
    "org.crosstie.availability.set.v1": _availability,
    "org.crosstie.need.posted.v1": lambda data: {f"need/{data.item}": data.text},
    "org.crosstie.need.resolved.v1": lambda data: {f"need/{data.item}": None},
    "org.crosstie.offer.posted.v1": lambda data: {f"offer/{data.item}": data.text},
    "org.crosstie.offer.withdrawn.v1": lambda data: {f"offer/{data.item}": None},
}


def _contact(tie: Tie, event: Event) -> Tie:
    data: f.Contact = event.data
    contacts = tie.contacts | {data.channel: tie.contacts.get(data.channel, 0) + 1}
    if len(contacts) > len(tie.contacts):
        contacts = dict(sorted(contacts.items()))  # a known channel keeps its place
    meeting = data.channel != "co-attended" or data.weight >= CIRCLE
    return structs.replace(
        tie,
        strength=add(tie.strength, data.weight, event.time),
        contacts=contacts,
        started_by_a=tie.started_by_a + (data.started_by == tie.a),
        started_by_b=tie.started_by_b + (data.started_by == tie.b),
        first=event.time if tie.first is None else min(tie.first, event.time),
        last=event.time if tie.last is None else max(tie.last, event.time),
        last_met=max(tie.last_met or event.time, event.time) if meeting else tie.last_met,
    )


def _answered(tie: Tie, event: Event) -> Tie:
    return _replied(tie, event, event.data.answer)


def _ended(tie: Tie, event: Event) -> Tie:
    return _replied(tie, event, "ended")


def _replied(tie: Tie, event: Event, answer: str) -> Tie:
    """Of what one side says again the last; of each side the last few, so that neither crowds out."""
    data = event.data
    reply = Reply(event.time, event.source, event.id, data.suggestion, data.by, answer)
    last = {(each.suggestion, each.by, each.answer): each for each in tie.replies}
    about = (reply.suggestion, reply.by, reply.answer)
    last[about] = max(last.get(about, reply), reply)
    theirs = sorted(each for each in last.values() if each.by == reply.by)[-ANSWERS_KEPT:]
    others = (each for each in last.values() if each.by != reply.by)
    return structs.replace(tie, replies=tuple(sorted((*theirs, *others))))


def _blocked(tie: Tie, event: Event) -> Tie:
    return _sided(tie, event, blocks=True)


def _unblocked(tie: Tie, event: Event) -> Tie:
    return _sided(tie, event, blocks=False)


def _sided(tie: Tie, event: Event, *, blocks: bool) -> Tie:
    """What one side says of its own block, where that is what holds."""
    side = "blocked_by_a" if event.data.by == tie.a else "blocked_by_b"
    fact = Fact(blocks, event.time, event.source, event.id)
    known: Fact | None = getattr(tie, side)
    if known is not None and known.precedence("blocked") >= fact.precedence("blocked"):
        return tie
    return structs.replace(tie, **{side: fact})


_TIES: Mapping[str, Callable[[Tie, Event], Tie]] = {
    "org.crosstie.contact.made.v1": _contact,
    "org.crosstie.suggestion.answered.v1": _answered,
    "org.crosstie.mentoring.ended.v1": _ended,
    "org.crosstie.member.blocked.v1": _blocked,
    "org.crosstie.member.unblocked.v1": _unblocked,
}
