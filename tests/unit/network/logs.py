"""Hypothesis strategies of logs: events of a few people, as the door would log them."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import structs

from crosstie.network import facts as f
from crosstie.network.dedupe import digest
from crosstie.network.facts import Event
from crosstie.network.fold import ERASED
from crosstie.network.state import member_key, tie_key
from crosstie.network.strength import DAY_US

PEOPLE = ["ALMA", "BORIS", "CHIDI", "DANA"]
START_US = 1_700_000_000_000_000
WEEKS_12_US = 84 * DAY_US  # within the horizon of dedupe, so that no identity is forgotten

people = st.sampled_from(PEOPLE)
pairs = st.lists(people, min_size=2, max_size=2, unique=True).map(tuple)
terms = st.none() | st.sampled_from(["housing", "nursing", "prison", "café", "a\x00b"])
times = st.integers(START_US, START_US + WEEKS_12_US) | st.integers(START_US, START_US + 2)
items = st.sampled_from(["n1", "n2"])

described = st.fixed_dictionaries(
    {"member": people},
    optional={
        "sector": terms,
        "role": terms,
        "level": st.none() | st.integers(1, 7),
        "interests": st.none() | st.lists(st.sampled_from(["fishing", "data"]), max_size=2),
    },
).map(lambda said: f.Described(**said))  # type: ignore[arg-type]

_wishes = st.builds(f.Wishes, directions=st.just(["up"]), sectors=st.just([])) | st.just(f.Wishes())
_marks = st.builds(f.MemberFact, member=people)

member_data: dict[str, st.SearchStrategy[f.Data]] = {
    "org.crosstie.member.joined.v1": st.builds(f.Joined, member=people, consent=st.booleans()),
    "org.crosstie.member.described.v1": described,
    "org.crosstie.availability.set.v1": st.builds(
        f.Availability, member=people, introductions_per_week=st.integers(0, 5), wishes=_wishes
    ),
    "org.crosstie.member.paused.v1": _marks,
    "org.crosstie.member.resumed.v1": _marks,
    "org.crosstie.member.left.v1": _marks,
    "org.crosstie.consent.withdrawn.v1": _marks,
    "org.crosstie.need.posted.v1": st.builds(
        f.Posted, member=people, item=items, text=st.sampled_from(["beds", "a van"])
    ),
    "org.crosstie.need.resolved.v1": st.builds(f.Settled, member=people, item=items),
}


def _by_one(struct: type, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[f.Data]:
    return pairs.flatmap(
        lambda pair: st.builds(struct, members=st.just(pair), by=st.sampled_from(pair), **fields)
    )


_suggestions = st.sampled_from([f"s{n}" for n in range(4)])
tie_data: dict[str, st.SearchStrategy[f.Data]] = {
    "org.crosstie.contact.made.v1": st.builds(
        f.Contact,
        members=pairs,
        channel=st.sampled_from(["met", "called", "co-attended"]),
        started_by=st.none() | people,
        weight=st.floats(0.005, 100),
    ),
    "org.crosstie.suggestion.answered.v1": _by_one(
        f.Answered, suggestion=_suggestions, answer=st.sampled_from(["accepted", "met"])
    ),
    "org.crosstie.mentoring.ended.v1": _by_one(f.MentoringEnded, suggestion=_suggestions),
    "org.crosstie.member.blocked.v1": _by_one(f.Blocking),
    "org.crosstie.member.unblocked.v1": _by_one(f.Blocking),
}


def _keyed(data: f.Data) -> str:
    return member_key(data.member) if isinstance(data, f.MemberFact) else tie_key(*data.members)


def _event(type: str, data: f.Data, time: int) -> Event:
    body = digest(repr((type, data, time)).encode())
    return Event("a-platform", "", type, time, _keyed(data), data, body)


def _of(kinds: dict[str, st.SearchStrategy[f.Data]]) -> st.SearchStrategy[Event]:
    return st.one_of(
        [st.builds(_event, st.just(name), data, times) for name, data in kinds.items()]
    )


def _numbered(events: list[Event]) -> list[Event]:
    return [structs.replace(each, id=f"e{n}") for n, each in enumerate(events)]


logs = st.lists(_of(member_data | tie_data), max_size=30).map(_numbered)
erasures = st.builds(_event, st.just(ERASED), _marks, times)
logs_with_erasures = st.lists(_of(member_data) | erasures, max_size=30).map(_numbered)
