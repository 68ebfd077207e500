"""Playing a story into a running system, window by window of event time, and answering meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from crosstie import api_keys, registry
from crosstie.demo.sender import Sender, sending
from crosstie.demo.story import CloudEvent, Story, windows
from crosstie.demo.watcher import Identity, Watcher, watching
from crosstie.demo.wrong import wrong_events
from crosstie.events import ERASED
from crosstie.runtime.admin import create_topics
from crosstie.runtime.supervisor import System
from crosstie.simulate.reactions import Reactions
from crosstie.simulate.scenario import DAY_US, HOUR_US

WINDOW_US = 4 * HOUR_US
FEWEST = 100
AFTERMATH_DAYS = 5  # of event time, in which only answers come
ROUND_LIMIT_SECONDS = 10.0
LOGGED_LIMIT_SECONDS = 120.0

Tell = Callable[[str, int, int], None]  # what, how many so far, of how many


@dataclass
class Played:
    """What there is to report on."""

    story: Story
    sender: Sender
    watcher: Watcher
    answers: dict[str, int] = field(default_factory=dict)
    wrong: int = 0  # events among those sent that must be refused
    settled: bool = False  # everything sent was seen, and read by a round

    def promised(self) -> set[Identity]:
        """What must be in effect once: acknowledged, and not among the dead letters."""
        return self.sender.acknowledged - self.watcher.dead_identities()


async def play(system: System, story: Story, seed: int, tell: Tell) -> Played:
    """Play all of it, wait until a round has read the last event, and say what happened."""
    key = await _register(system, story)
    async with (
        watching(system.settings, story.name) as watcher,
        sending(system, story.name, key) as sender,
    ):
        reactions = Reactions(story.source, seed)
        played = Played(story, sender, watcher, reactions.counted)
        heard, sent = 0, 0
        erasures: list[CloudEvent] = []
        parts = list(windows(story.events, WINDOW_US, FEWEST))
        for number, (end, window) in enumerate(_with_aftermath(parts)):
            for received in watcher.received[heard:]:
                reactions.hear(received.change, received.time)
            heard = len(watcher.received)
            answers = reactions.before(end)
            # once what the log has of these people is logged: the doors keep no order between them
            await sender.over_http(erasures)
            erasures = [each for each in window if each["type"] == ERASED]
            rest = [each for each in window if each["type"] != ERASED]
            if not window and not answers:
                continue
            if number == len(parts) // 2:
                played.wrong = await _send_wrong(sender, story, end)
            await sender.send([*rest, *answers])
            sent += len(window)
            tell("events", sent, len(story.events))
            tell("answers", sum(reactions.counted.values()), 0)
            await _round(watcher, sender)
            tell("rounds", len(watcher.rounds), 0)
            tell("suggestions", len(watcher.received), 0)
        played.settled = await _settled(played)
        return played


def _with_aftermath(
    parts: list[tuple[int, list[CloudEvent]]],
) -> list[tuple[int, list[CloudEvent]]]:
    """The windows, and days after the last in which late answers come in."""
    last = parts[-1][0]
    return [*parts, *((last + day * DAY_US, []) for day in range(1, AFTERMATH_DAYS + 1))]


async def _round(watcher: Watcher, sender: Sender) -> None:
    """Let a round read what was sent, so that answers come back in the flow; not for ever."""

    def read() -> bool:
        unseen = watcher.unseen(sender.acknowledged)
        return unseen <= watcher.dead_identities() and watcher.caught_up

    await watcher.until(read, ROUND_LIMIT_SECONDS)


async def _settled(played: Played) -> bool:
    """Everything is in the log or among the dead letters, and a round has read the end of it."""
    watcher, sender = played.watcher, played.sender

    def logged() -> bool:
        return watcher.unseen(sender.acknowledged) <= watcher.dead_identities()

    return await watcher.until(logged, LOGGED_LIMIT_SECONDS) and await watcher.until(
        lambda: watcher.caught_up, LOGGED_LIMIT_SECONDS
    )


async def _send_wrong(sender: Sender, story: Story, at: int) -> int:
    """Some wrong events through either door; how many."""
    wrong = wrong_events(story, at)
    renamed = [each | {"id": f"{each['id']}-again"} for each in wrong]
    await sender.over_http(wrong)
    await sender.to_inbox(renamed)
    return len(wrong) + len(renamed)


async def _register(system: System, story: Story) -> str:
    """The platform and its topics; its API key."""
    settings = system.settings
    platform = registry.checked(story.name, [story.source], [story.authority])
    topics = settings.topics.of_platform(story.name)
    await asyncio.to_thread(create_topics, settings.brokers, topics)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        return str(await api_keys.register(connection, platform, settings.api_key_pepper_bytes))
    finally:
        await connection.close()
