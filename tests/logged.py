"""What a line of the log says besides its event."""

from __future__ import annotations

import logging
from typing import Any


def fields(line: logging.LogRecord) -> dict[str, Any]:
    """Its fields by name."""
    found: dict[str, Any] = vars(line)["crosstie_fields"]
    return found
