"""Events that a careless platform sends: each must be refused, by name and reason."""

from __future__ import annotations

from typing import Any

from crosstie.demo.story import CloudEvent, Story
from crosstie.simulate.stream import cloud_event


def wrong_events(story: Story, at: int) -> tuple[CloudEvent, ...]:
    """Seven of them, each wrong in one way, at event time `at`."""
    someone = {"authority": story.authority, "id": "nobody-in-particular"}
    described: dict[str, Any] = {"member": someone, "level": 3}

    def event(name: str, noun_verb: str, data: Any, **changed: Any) -> CloudEvent:
        made = cloud_event(story.source, f"wrong-{name}", at, noun_verb, data)
        return made | changed

    twice = {"members": [someone, someone], "channel": "met"}
    return (
        event("level", "member.described", described | {"level": 9}),
        event("type", "member.promoted", described),
        event("future", "member.described", described, time="2999-01-01T00:00:00Z"),
        event("source", "member.described", described, source="/somebody/else"),
        event("authority", "member.left", {"member": {"authority": "theirs", "id": "x"}}),
        event("alone", "contact.made", twice),
        event("empty", "need.posted", {"member": someone, "item": "need", "text": ""}),
    )
