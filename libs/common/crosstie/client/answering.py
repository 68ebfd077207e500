"""Answering a platform's suggestions with hidden preferences, in event time."""

from __future__ import annotations

from crosstie import instants
from crosstie.client.inbox import Inbox
from crosstie.client.outcome import Suggestions
from crosstie.simulate.reactions import Reactions

_WAIT_SECONDS = 1.0
_QUIET_READS = 2  # nothing new for so many reads: event time moves on to the next answer


async def answer(reader: Suggestions, box: Inbox, reactions: Reactions, most: int | None) -> int:
    """Answer until cancelled, or until `most` reactions were sent; how many.

    Event time is that of the suggestions; when these fall silent it moves on to the next reaction,
    but never past the wall clock.
    """
    sent, clock, quiet = 0, 0, 0
    while most is None or sent < most:
        batch = await reader.read(_WAIT_SECONDS)
        for received in batch:
            reactions.hear(received.change, received.time)
            clock = max(clock, received.time)
        quiet = 0 if batch else quiet + 1
        if quiet >= _QUIET_READS and reactions.next is not None:
            clock = max(clock, min(reactions.next + 1, instants.now()))
        sent += await box.send(reactions.before(clock))
    return sent
