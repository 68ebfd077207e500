"""A suggestion in words, addressed to one of its members: why them, what each gives, whom both know.

Made from ids and reason codes and the network as it is now, so it works, shorter, when somebody is
gone. Never a decline; of the other's needs only the one that the viewer's own offer meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crosstie.matching.model import Reason, Suggestion
from crosstie.network.state import Member, folded
from crosstie.network.view import Network


@dataclass(frozen=True, slots=True)
class View:
    """A suggestion as one of its members looks at it; None stands for whoever may not be shown."""

    suggestion: Suggestion
    side: int
    you: Member | None
    them: Member | None
    network: Network
    names: Callable[[str], str]

    @property
    def name(self) -> str:
        """How to call the other at the first mention."""
        return self.names(self.suggestion.members[1 - self.side]) if self.them else "someone"


def explain(
    suggestion: Suggestion, network: Network, side: int, names: Callable[[str], str]
) -> list[str]:
    """Sentences addressed to `members[side]`; `names` says how to call a subject."""
    you, them = (_shown(network, suggestion.members[each]) for each in (side, 1 - side))
    view = View(suggestion, side, you, them, network, names)
    return [*_opening(view), *_help(view), *_common_ground(view), *_difference(view)]


def can_give(suggestion: Suggestion, network: Network, side: int) -> list[str]:
    """What `members[side]` can give the other, in words for the other to read."""
    giver = _shown(network, suggestion.members[side])
    if giver is None:
        return []
    said = (
        _GIFTS[each.code](giver, each) for each in suggestion.gives[side] if each.code in _GIFTS
    )
    return [gift for gift in said if gift]


def _shown(network: Network, subject: str) -> Member | None:
    return network.members[subject] if network.present(subject) else None


def _opening(view: View) -> Iterator[str]:
    sector = view.them.sector if view.them else None
    yield f"Meet {view.name}, who works in {sector}." if sector else f"Meet {view.name}."
    yield _PURPOSE[view.suggestion.kind](view)
    steps = _amount(view, "levels-apart")
    towards = view.suggestion.directions[view.side]
    if steps and towards != "across":
        levels = "one level" if steps == 1 else f"{steps} levels"
        yield f"They are {levels} more {'senior' if towards == 'up' else 'junior'} than you."


def _introduction(view: View) -> str:
    across = ", and you work in different sectors" if view.suggestion.cross_sector else ""
    return f"As far as we can see you have not met{across}."


def _mentoring(view: View) -> str:
    reverse = view.suggestion.directions[0] == "up"  # the mentor looks up at the mentee
    if view.side == 0:
        asked = (
            "would like a mentor with a view from practice" if reverse else "would like a mentor"
        )
        return f"You offered to mentor, and they {asked}."
    return "You would like a mentor, and they offered to mentor."


def _reconnection(view: View) -> str:
    months = _amount(view, "lost-touch") // 30
    return f"You have not been in touch for {'a month' if months < 2 else f'{months} months'}."


_PURPOSE: Mapping[str, Callable[[View], str]] = {
    "introduction": _introduction,
    "mentoring": _mentoring,
    "reconnection": _reconnection,
}


def _help(view: View) -> Iterator[str]:
    """Offers and needs, each way: both texts are shown where one answers the other."""
    for reason in view.suggestion.gives[1 - view.side]:
        if reason.code == "offer-meets-need":
            offer, need = _text(view.them, "offer", reason), _text(view.you, "need", reason)
            yield f"They offer {offer or 'help'}, which may answer {need or 'a need of yours'}."
    for reason in view.suggestion.gives[view.side]:
        if reason.code == "offer-meets-need":
            offer, need = _text(view.you, "offer", reason), _text(view.them, "need", reason)
            yield f"They look for help with {need or 'something'}, and you offer {offer or 'it'}."


def _common_ground(view: View) -> Iterator[str]:
    suggestion, network = view.suggestion, view.network
    known = [each for each in suggestion.mutual if network.nameable(each, *suggestion.members)]
    if known:
        more = _amount(view, "mutual-contacts") - len(suggestion.mutual)
        others = [f"{more} more"] if more > 0 else []
        yield f"You both know {listed([*map(view.names, known), *others])}."
    you, them = view.you, view.them
    if you is None or them is None:
        return
    yours = {folded(term) for term in you.interests}
    shared = [term for term in them.interests if folded(term) in yours]
    if shared:
        yield f"You share an interest in {listed(shared)}."
    if you.profession and _alike(you.profession, them.profession):
        yield f"You share a profession: {you.profession}."
    if you.place and _alike(you.place, them.place):
        yield f"You both work in {you.place}."


def _difference(view: View) -> Iterator[str]:
    """How their role differs from yours."""
    yours, theirs = _work(view.you), _work(view.them)
    if yours and theirs and not _alike(yours, theirs):
        yield f"You work{yours}; they work{theirs}, and see things from there."


_GIFTS: Mapping[str, Callable[[Member, Reason], str | None]] = {
    "offer-meets-need": lambda giver, reason: _text(giver, "offer", reason),
    "mentoring": lambda *_: "mentoring",
    "experience": lambda *_: "experience of more senior work",
    "view-from-practice": lambda *_: "a view from closer to practice",
    "another-sector": lambda giver, _: f"a view from {giver.sector}" if giver.sector else None,
    "another-profession": lambda giver, _: (
        f"how it looks to someone whose profession is {giver.profession}"
        if giver.profession
        else None
    ),
}


def _alike(one: str, other: str | None) -> bool:
    return other is not None and folded(one) == folded(other)


def _work(member: Member | None) -> str:
    """` as a nurse in housing`, as far as it is known."""
    if member is None:
        return ""
    role = member.role or member.profession
    return (f" as {role}" if role else "") + (f" in {member.sector}" if member.sector else "")


def _text(member: Member | None, what: str, reason: Reason) -> str | None:
    """The text of the item that `reason` is about (offer, then need), while it stands."""
    if member is None:
        return None
    text = member.get(f"{what}/{reason.about[0 if what == 'offer' else 1]}")
    return None if text is None else f"“{text}”"


def _amount(view: View, code: str) -> int:
    return next((each.amount for each in view.suggestion.reasons if each.code == code), 0)


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
