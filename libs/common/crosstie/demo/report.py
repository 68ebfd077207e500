"""What the demonstration found, as one object; every figure is taken from topics, from the outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from crosstie.client.outcome import Received
from crosstie.demo.player import Played
from crosstie.demo.watcher import Watcher
from crosstie.replay.book import Books

LATENCY = (
    "between two times that Kafka's clock gave: of the newest record in the log about one of the two "
    "that this round was the first to read, and of the suggestion on the platform's topic. Folding, "
    "the pause between rounds, the round and publishing are in it; the way through the door and the "
    "platform's own reading are not. Not counted are suggestions whose round read nothing new about "
    "either: time or a settlement had freed a slot (`by_time`)"
)
DIRECTION = "sides, not suggestions: each of the two sees the other up, down or across"
_SHOWN_IN_FULL = 5


def report(played: Played, books: Books, seconds: dict[str, float]) -> dict[str, Any]:
    """The object that `--json` prints."""
    sender, watcher = played.sender, played.watcher
    missing = watcher.unseen(sender.acknowledged)
    dead = watcher.dead_identities()
    made = [each for each in watcher.received if each.change.state == "made"]
    delivery = books.named("delivery").counted
    return {
        "says": played.story.says,
        "events_sent": len(sender.sent),
        "events_logged": len(sender.sent & watcher.in_log),
        "rejected": len(sender.refused) + len(missing & dead),
        "wrong": played.wrong,
        "rejections": [*_refused(played), *_dead_letters(watcher)],
        "lost": len(missing - dead),
        "doubled": delivery.get("doubled", 0),
        "log_records": watcher.records,
        "log_repeats": watcher.repeats,
        "settled": played.settled,
        "rounds": len(watcher.rounds),
        "suggestions": len(made),
        "by_kind": dict(sorted(Counter(each.change.kind for each in made).items())),
        "by_direction": _directions(made),
        "by_direction_means": DIRECTION,
        "cross_sector_share": _share(each.change.cross_sector for each in made),
        "answers": dict(sorted(played.answers.items())),
        "accepted_by_both": _both(watcher.received),
        "acceptance": _acceptance(played.answers),
        "latency_ms": latency(watcher) | {"means": LATENCY},
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "examples": [each.change.model_dump() for each in in_full(made)],
        "books": books.as_json(),
    }


def latency(watcher: Watcher) -> dict[str, Any]:
    """p50 and p99 in milliseconds of wall time, as `LATENCY` defines them."""
    appended = {
        each.change.suggestion: each.appended
        for each in watcher.received
        if each.change.state == "made"
    }
    waits: list[int] = []
    by_time = 0
    before = (0,) * len(watcher.rounds[0].offsets) if watcher.rounds else ()
    for round in watcher.rounds:
        for change in round.changes:
            if change.cause != "made" or change.suggestion.id not in appended:
                continue
            newest = watcher.newest_about(change.suggestion.members, before, round.offsets)
            if newest is None:
                by_time += 1
            else:
                waits.append(appended[change.suggestion.id] - newest)
        before = round.offsets
    waits.sort()
    shown = {"p50": _quantile(waits, 0.50), "p99": _quantile(waits, 0.99)}
    return shown | {"count": len(waits), "by_time": by_time}


def in_full(made: list[Received]) -> list[Received]:
    """Five suggestions, of different kinds where there are."""
    kinds: dict[str, list[Received]] = {}
    for each in made:
        kinds.setdefault(each.change.kind, []).append(each)
    turns = [each[turn] for turn in range(len(made)) for each in kinds.values() if turn < len(each)]
    return turns[:_SHOWN_IN_FULL]


def _directions(made: Iterable[Received]) -> dict[str, int]:
    """See `DIRECTION`: each suggestion counts twice."""
    sides = Counter(side.direction for each in made for side in each.change.members)
    return {name: sides[name] for name in ("up", "down", "across")}


def _both(received: Iterable[Received]) -> int:
    return len({each.change.suggestion for each in received if each.change.state == "accepted"})


def _acceptance(answers: dict[str, int]) -> float:
    first = [answers.get(name, 0) for name in ("accepted", "declined", "ignored")]
    return round(first[0] / sum(first), 3) if sum(first) else 0.0


def _share(flags: Iterable[bool]) -> float:
    listed = list(flags)
    return round(sum(listed) / len(listed), 3) if listed else 0.0


def _quantile(ordered: list[int], share: float) -> int | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _refused(played: Played) -> list[dict[str, Any]]:
    return [{"door": "http"} | each.told() for each in played.sender.refused]


def _dead_letters(watcher: Watcher) -> list[dict[str, Any]]:
    return [
        {
            "door": "inbox",
            "id": dict(letter.headers).get("ce_id", b"").decode(errors="replace"),
            "letter": name,
            "pointer": letter.reason.pointer,
            "limit": letter.reason.limit,
        }
        for name, letter in sorted(watcher.dead.items())
    ]
