"""Logs as JSON lines, one per decision, with ids and counts, never payloads."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_FIELDS = "crosstie_fields"


class JsonLines(logging.Formatter):
    """One JSON object per record: at, level, logger, event, and the fields given."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= getattr(record, _FIELDS, {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


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
    """Write every log line of this process to stderr as JSON; libraries from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("crosstie").setLevel(level)
