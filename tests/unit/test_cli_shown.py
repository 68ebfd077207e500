"""What commands show where there is little to show: no empty brackets, no library's own error."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from crosstie.cli.keys import connected
from crosstie.cli.watch import show
from crosstie.client.outcome import Received
from crosstie.errors import Misconfigured
from crosstie.runtime import reachable
from crosstie.suggestions import SuggestionChanged

EXAMPLE = Path(__file__).parents[1] / "contract/examples/v1/org.crosstie.suggestion.made.v1.json"
MADE = json.loads(EXAMPLE.read_text())["value"]


def shown(state: str, members: Any) -> list[str]:
    """Lines about people."""
    change = SuggestionChanged.model_validate(MADE | {"state": state, "members": members})
    written = StringIO()
    show(Console(file=written), Received(change=change, time=0, appended=0, place=(0, 0)))
    return [each for each in written.getvalue().splitlines() if "sees the other" in each]


def test_people_of_whom_nothing_is_told_any_more_are_shown_without_empty_brackets() -> None:
    known = shown("made", MADE["members"])
    assert known[0] == (
        "  staff/p-104 (lead nurse, health, Northgate Practice, level 4), sees the other across"
    )
    bare = [{"person": each["person"], "direction": "up"} for each in MADE["members"]]
    assert shown("expired", bare) == [
        "  staff/p-104, sees the other up",
        "  staff/p-271, sees the other up",
    ]


class _Line:
    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UndefinedTableError('relation "registry.platforms" does not exist'),
        asyncpg.UndefinedColumnError('column "scopes" does not exist'),
        asyncpg.InsufficientPrivilegeError("permission denied for schema registry"),
    ],
)
def test_a_database_that_is_not_migrated_or_not_ours_is_told_with_the_remedy(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def there(*_: Any, **__: Any) -> _Line:
        return _Line()

    async def work(_: Any) -> None:
        raise error

    monkeypatch.setattr(reachable, "postgres", there)
    monkeypatch.setattr(asyncpg, "connect", there)
    with pytest.raises(Misconfigured) as told:
        connected("postgresql://me:hidden@db:5432/crosstie", work)
    assert str(told.value) == (
        f"PostgreSQL at db:5432: {error}; migrate it (`python -m crosstie.runtime.migrate`, safe to "
        "repeat), and take the login that does"
    )
