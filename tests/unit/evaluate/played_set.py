"""A folder to measure answers on, made of a played simulation: people with hidden preferences answer.

Only what the format of a set knows goes into it: no wishes, needs, offers or interests.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from pathlib import Path

from crosstie import instants
from crosstie.matching import policy
from crosstie.matching.answers.lessons import judgements
from crosstie.network.state import Member
from crosstie.simulate.rounds import Played, play
from crosstie.simulate.scenario import Scenario
from crosstie.simulate.stream import events

Line = tuple[int, str, str, str]  # time, source, target, kind
JUST_BEFORE_US = instants.SECOND_US
KINDS = {"messaged": "message", "called": "call", "collaborated": "cowork"}


def played_set(folder: Path, scenario: Scenario, *, every_days: float = 7.0) -> Path:
    """The contacts of `scenario`, and what people said to the suggestions of its rounds."""
    rounds = list(play(scenario, policy.load(policy.DEFAULT), every_days=every_days))
    members = {subject: each for one in rounds for subject, each in one.network.members.items()}
    lines = [*contacts(scenario), *suggestions(rounds)]
    return written(folder, members, [each for each in lines if {*each[1:3]} <= members.keys()])


def contacts(scenario: Scenario) -> Iterator[Line]:
    """Who had to do with whom; a gathering as its pairs."""
    for event in events(scenario):
        data, time = event["data"], instants.from_rfc3339(event["time"])
        if event["type"] == "org.crosstie.contact.made.v1":
            one, other = (subject(each["id"]) for each in data["members"])
            yield time, one, other, KINDS.get(data["channel"], "met")
        elif event["type"] == "org.crosstie.gathering.held.v1":
            came = sorted(subject(each["id"]) for each in data["members"])
            yield from ((time, one, other, "met") for one, other in combinations(came, 2))


def suggestions(rounds: Iterable[Played]) -> Iterator[Line]:
    """A round takes note of answers and meetings just before it suggests anew; silence is a no."""
    for each in rounds:
        for change in each.changes:
            one, other = change.suggestion.members
            if change.cause == "made":
                yield each.at, one, other, "suggested"
            elif change.cause == "met":
                yield each.at - JUST_BEFORE_US, one, other, "met"
            for side, yes in judgements(change):
                by, about = (one, other) if side == 0 else (other, one)
                yield each.at - JUST_BEFORE_US, by, about, "accepted" if yes else "declined"


def subject(id: str) -> str:
    """As `simulate.rounds` names people."""
    return blake2b(id.encode(), digest_size=8).hexdigest()


def written(folder: Path, members: Mapping[str, Member], lines: Sequence[Line]) -> Path:
    folder.mkdir(exist_ok=True)
    names = ("sector", "level", "profession", "role", "organisation", "place", "reports_to")
    with (folder / "members.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("member_id", *names))
        for name, member in sorted(members.items()):
            rows.writerow((name, *(getattr(member, each) or "" for each in names)))
    with (folder / "events.csv").open("w", newline="") as file:
        told = csv.writer(file)
        told.writerow(("ts", "source_id", "target_id", "kind"))
        told.writerows((instants.to_rfc3339(at), *rest) for at, *rest in sorted(lines))
    (folder / "meta.json").write_text(json.dumps({"ts_type": "iso", "directed": True}))
    return folder
