"""The errors that modules meet of each other; the class says what its catcher does.

What one module alone raises and catches derives from one of these, beside the code it is about.

CrosstieError
├── Transient             try again, in place: the world is at fault
│   ├── BrokerAway
│   └── DatabaseAway
├── Rejected              quarantine or answer: the input is at fault (pointer, value, limit, remedy)
└── Stop                  stop this work: going on would be wrong
    ├── Fenced            someone else owns this now: drop it and let them
    ├── LogGap            the log lacks what was not read yet: unready until an operator decides
    ├── Unpublishable     the broker does not take it: unready until an operator raises its limit
    └── Misconfigured     settings or deployment are at fault: exit with the message
"""

from __future__ import annotations

import json
from typing import Final

_SHOWN_CHARACTERS = 80

# bytes that are not what they should be, to msgspec: wrong JSON, no UTF-8 within it, deep nesting
UNREADABLE: Final = (ValueError, RecursionError)


class _Missing:
    """What stands where nothing was given; null is something."""

    def __repr__(self) -> str:
        return "(missing)"


MISSING: Final = _Missing()


class Withheld:
    """What may be told of a value that may be somebody's words: its kind and its size.

    Numbers, truth values and null are told as they are, for they are no words.
    """

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        if isinstance(self._value, str):
            return f"text of {len(self._value)} characters"
        if isinstance(self._value, list):
            return f"a list of {len(self._value)}"
        if isinstance(self._value, dict):
            return f"an object of {len(self._value)}"
        return _as_json(self._value)


class CrosstieError(Exception):
    """Root of the tree."""


class Transient(CrosstieError):
    """The world is at fault: the same call may succeed later."""


class BrokerAway(Transient):
    """Kafka does not answer, or lost its leader."""


class DatabaseAway(Transient):
    """PostgreSQL does not answer, or rolled back to resolve a deadlock."""


class Rejected(CrosstieError):
    """The input is at fault; nothing but a changed input helps.

    `pointer` is a JSON pointer (RFC 6901) into the event, `value` what stood there (shortened),
    `limit` what is allowed, `remedy` what to do; `others` is what else is wrong with the same input.
    """

    others: tuple[Rejected, ...] = ()

    def __init__(self, pointer: str, value: object, limit: str, remedy: str) -> None:
        self.pointer = pointer
        self.value = shown(value)
        self.limit = limit
        self.remedy = remedy
        super().__init__(f"{pointer or '/'} is {self.value}, must be {limit}; {remedy}")


class Stop(CrosstieError):
    """Going on would be wrong."""


class Fenced(Stop):
    """Another worker owns the partition or the ledger now."""


class LogGap(Stop):
    """Records that were not read yet are gone, or a topic was replaced by a namesake."""


class Unpublishable(Stop):
    """The broker refuses a record until somebody raises its limit; the message names topic and remedy."""


class Misconfigured(Stop):
    """A setting or the deployment is wrong; the message names the setting and the remedy."""


def in_words(error: BaseException) -> str:
    """Its class and what it says; some that end a wait, or a connection, come without a word."""
    silent = "no answer in time" if isinstance(error, TimeoutError) else "it says no more"
    return f"{type(error).__name__}: {str(error) or silent}"


def shown(value: object) -> str:
    """`value` as a person reads it, cut to 80 characters: errors never carry a payload.

    Always storable and sendable: no U+0000, no lone surrogates.
    """
    text = f'"{value}"' if isinstance(value, str) else _as_json(value)
    if len(text) > _SHOWN_CHARACTERS:
        text = text[: _SHOWN_CHARACTERS - 1] + "…"
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _as_json(value: object) -> str:
    """As it was sent, where it can have been."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(value)
