"""Nothing lost, nothing doubled: what a client was told is accepted is in effect once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from crosstie.network.fold import ERASED
from crosstie.replay.book import Audit, Book
from crosstie.replay.runner import Outcome, Played

Identity = tuple[str, str]  # source, id
_OF_A_GATHERING = re.compile(r"(.+)/[A-Z2-7]{16}/[A-Z2-7]{16}")


class Acknowledged:
    """Watches the log for events that a client holds an acknowledgement of.

    `beyond` is set once what follows is in the log for certain, but not folded by profile yet.
    """

    def __init__(self, identities: Iterable[Identity]) -> None:
        self._wanted = set(identities)
        self._lost = set(self._wanted)  # until they are seen: of millions nothing is kept besides
        self._pairs: set[Identity] = set()  # by the id as logged: pairs of a gathering apart
        self._again: dict[Identity, Counter[str]] = {}
        self._waiting: set[Identity] = set()
        self.beyond = False
        self._set_aside: Counter[Identity] = Counter()

    def __call__(self, played: Played) -> None:
        head = played.head
        if head is None or (sent := self._sent(head.source, head.id)) is None:
            return
        if played.outcome is Outcome.NEW:
            if self._seen(sent, head.id) and head.type != ERASED:
                self._again.setdefault(sent, Counter())[head.id] += 1
            if self.beyond:
                self._waiting.add(sent)
        elif played.outcome is not Outcome.KNOWN:
            self._set_aside[sent] += 1

    def closed(self) -> Book:
        """After the whole log went by."""
        audit = Audit(
            "delivery", "every acknowledged event is in effect once: none lost, none doubled"
        )
        audit.count("acknowledged", len(self._wanted))
        audit.count("in the log, not folded yet", len(self._waiting))
        for what in ("lost", "doubled"):
            audit.count(what, 0)
        for source, id in sorted(self._lost | self._again.keys()):
            if (source, id) in self._lost:
                audit.count("lost")
                aside = "; it is in quarantine" if self._set_aside[source, id] else ""
                audit.differs(f"{source} {id}: acknowledged, and not in effect{aside}")
            else:
                audit.count("doubled")
                times = 1 + max(self._again[source, id].values())
                audit.differs(f"{source} {id}: in effect {times} times")
        return audit.closed()

    def _seen(self, sent: Identity, id: str) -> bool:
        """Whether what was logged as `id` was in effect before; now it is."""
        logged = (sent[0], id)
        if logged == sent:
            before = sent not in self._lost
        else:
            before = logged in self._pairs
            self._pairs.add(logged)
        self._lost.discard(sent)
        return before

    def _sent(self, source: str, id: str) -> Identity | None:
        """Under which identity it was sent; None where it is none of ours."""
        if (source, id) in self._wanted:
            return (source, id)
        gathering = id_of_gathering(id)
        return (source, gathering) if (source, gathering) in self._wanted else None


def id_of_gathering(id: str) -> str:
    """The id that a contact's id `id/a/b` derives from; empty where it derives from none."""
    part = _OF_A_GATHERING.fullmatch(id)
    return "" if part is None else part[1]
