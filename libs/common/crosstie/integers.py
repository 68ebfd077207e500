"""Integers of JSON, however a platform writes them."""

from __future__ import annotations

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    """1.0 is the integer 1 (JSON Schema 2020-12, core, 4.2.3), and what some writers make of it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


INTEGER = BeforeValidator(_whole)
