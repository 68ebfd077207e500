"""Nothing lost, nothing doubled: what a client was told is accepted is in effect once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from crosstie.logrecord import Head
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
        self._unseen = set(self._wanted)  # by themselves: of millions nothing is kept besides
        self._again: Counter[Identity] = Counter()  # by themselves, after the first of that name
        self._pairs: dict[Identity, Counter[str]] = {}  # of a gathering: by the id as logged
        self._erasures: set[Identity] = set()
        self._waiting: set[Identity] = set()
        self.beyond = False
        self._set_aside: Counter[Identity] = Counter()

    def __call__(self, played: Played) -> None:
        head = played.head
        if head is None or (sent := self._sent(head.source, head.id)) is None:
            return
        if played.outcome is Outcome.NEW:
            self._count(sent, head)
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
        more_than_alone = self._again.keys() | self._pairs.keys() | self._erasures
        for source, id in sorted(self._unseen | more_than_alone):
            times = self._times((source, id))
            if times == 0:
                audit.count("lost")
                aside = "; it is in quarantine" if self._set_aside[source, id] else ""
                audit.differs(f"{source} {id}: acknowledged, and not in effect{aside}")
            elif times > 1:
                audit.count("doubled")
                audit.differs(f"{source} {id}: in effect {times} times")
        return audit.closed()

    def _count(self, sent: Identity, head: Head) -> None:
        """One more is in effect of what was sent under that name."""
        if head.type == ERASED:
            self._erasures.add(sent)
        elif (head.source, head.id) != sent:
            self._pairs.setdefault(sent, Counter())[head.id] += 1
        elif sent in self._unseen:
            self._unseen.remove(sent)
        else:
            self._again[sent] += 1

    def _times(self, sent: Identity) -> int:
        """How many events of that name are in effect: a gathering is one, an erasure often said too."""
        alone = self._again[sent] + (sent not in self._unseen)
        pairs = self._pairs.get(sent, Counter())
        return alone + max(pairs.values(), default=0) + (sent in self._erasures)

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
