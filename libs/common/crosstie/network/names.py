"""Numbers of people and of mixes of channels, given once each."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from crosstie.network.rows import Pair
from crosstie.network.wire import encode_contacts

BITS, SECOND = 32, (1 << 32) - 1  # a key is two numbers of people, 32 bits each

Name = TypeVar("Name")
Named = TypeVar("Named")


@dataclass(frozen=True, slots=True)
class Names:
    """Numbers of people and of mixes of channels; they only grow, so that snapshots share them.

    Rows are packed on the event loop and beside it: one number is given at a time.
    """

    people: list[str] = field(default_factory=list)
    number: dict[str, int] = field(default_factory=dict)
    mixes: list[dict[str, int]] = field(default_factory=list)
    mix: dict[bytes, int] = field(default_factory=dict)
    _giving: Lock = field(default_factory=Lock, compare=False, repr=False)

    def of_person(self, subject: str) -> int:
        """The number of `subject`, who may be new."""
        number = self.number.get(subject)
        return self._given(self.number, self.people, subject, subject) if number is None else number

    def of_mix(self, contacts: dict[str, int]) -> int:
        """The number of these counts by channel, in this order."""
        code = encode_contacts(contacts)
        number = self.mix.get(code)
        return self._given(self.mix, self.mixes, code, contacts) if number is None else number

    def _given(self, numbers: dict[Name, int], all_: list[Named], name: Name, named: Named) -> int:
        with self._giving:
            number = numbers.get(name)  # somebody else may have been first
            if number is None:
                number = len(all_)
                all_.append(named)
                numbers[name] = number
            return number

    def key(self, pair: Pair) -> int | None:
        """The key of `pair`; None where one of the two is in no tie."""
        a, b = self.number.get(pair[0]), self.number.get(pair[1])
        return None if a is None or b is None else a << BITS | b
