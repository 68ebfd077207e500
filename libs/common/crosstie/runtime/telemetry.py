"""Logs as JSON lines, one per decision, with ids and counts, never payloads.

A library's error may quote what it choked on, so of an exception that is not ours the log tells the
type and where it was raised, and no more; also of one that nobody caught.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_FIELDS = "crosstie_fields"
_TELL_NO_DATA = ("crosstie", "services", "aiokafka")  # packages whose messages quote no payload
_HELD = re.compile(r"\n|<|\((?!\))")  # where asyncio begins to show what it holds in hand


class JsonLines(logging.Formatter):
    """One JSON object per record: at, level, logger, event, and the fields given."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": _event(record),
        }
        line |= getattr(record, _FIELDS, {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """The chain of exceptions, the first cause first."""
        return "\n".join(reversed([_raised(each) for each in _chain(ei[1])]))


def said(error: BaseException) -> str:
    """The type of an exception, and its message where that quotes no payload."""
    kind = type(error)
    ours = isinstance(error, OSError) or kind.__module__.partition(".")[0] in _TELL_NO_DATA
    return f"{kind.__module__}.{kind.__qualname__}: {error if ours else '(message withheld)'}"


def _event(record: logging.LogRecord) -> str:
    """asyncio's messages go on with callbacks and their arguments, and tasks and what they raised."""
    message = record.getMessage()
    return _HELD.split(message, 1)[0].rstrip() if record.name == "asyncio" else message


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """`error`, what it came from, and so on; of a group, its members too."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _chain(each)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _raised(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)) + said(error)


class Logger:
    """`log.info("folded", partition=3, events=500)`: the event's name, then its fields."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"crosstie.{name}")

    def debug(self, event: str, **fields: Any) -> None:
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._log(logging.ERROR, event, fields)

    def _log(self, level: int, event: str, fields: dict[str, Any]) -> None:
        self._logger.log(level, event, extra={_FIELDS: fields})


def logger(name: str) -> Logger:
    """The logger of one part of crosstie."""
    return Logger(name)


def configure(level: str) -> None:
    """Write every log line of this process to stderr as JSON; libraries from WARNING up.

    So is what nobody caught, which Python itself would show in full.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("crosstie").setLevel(level)
    sys.excepthook = lambda _, error, __: _uncaught(error)
    threading.excepthook = lambda thrown: (
        None
        if thrown.exc_type is SystemExit
        else _uncaught(thrown.exc_value, thread=thrown.thread.name if thrown.thread else "")
    )
    sys.unraisablehook = lambda thrown: _uncaught(thrown.exc_value)


def _uncaught(error: BaseException | None, **where: str) -> None:
    logging.getLogger("crosstie").critical("uncaught", exc_info=error, extra={_FIELDS: where})
