"""What a long command is at, told as it goes: a spinner on a terminal, lines everywhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.markup import escape

Tell = Callable[[str], None]
AGAIN_SECONDS = 10.0


class Lines:
    """One line a change, with the seconds since the start; nothing from a quiet console.

    What differs in its figures alone is the same stage, and told again every ten seconds at most.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        self._console = console
        self._clock = clock
        self._started = clock()
        self._last = ("", self._started)

    def __call__(self, what: str) -> None:
        now = self._clock()
        told, at = self._last
        soon = now - at < AGAIN_SECONDS
        if what == told or (soon and _stage(what) == _stage(told)):
            return
        self._last = what, now
        since = f"{now - self._started:4.0f} s"
        self._console.print(f"{since}  {what}", highlight=False, markup=False, soft_wrap=True)


def _stage(what: str) -> str:
    return re.sub(r"\d+", "", what)


@contextmanager
def stages(console: Console, first: str) -> Iterator[Tell]:
    """What to call with each stage; `first` is told at once."""
    if console.is_terminal:
        with console.status(first) as status:
            yield lambda what: status.update(escape(what))
    else:
        tell = Lines(console)
        tell(first)
        yield tell
