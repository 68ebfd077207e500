"""What PostgreSQL refuses to commands, for good: they do not wait for whoever migrates, as services do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import asyncpg

from crosstie.errors import Misconfigured
from crosstie.runtime.database import NOT_MIGRATED, transient

REMEDY = "migrate it (`python -m crosstie.runtime.migrate`, safe to repeat), and take the login that does"


@contextlib.contextmanager
def usable(where: str = "PostgreSQL") -> Iterator[None]:
    """Raises DatabaseAway; Misconfigured where no retry helps: `where` is not migrated, or not ours."""
    with transient():
        try:
            yield
        except (*NOT_MIGRATED, asyncpg.InsufficientPrivilegeError) as error:
            raise Misconfigured(f"{where}: {error}; {REMEDY}") from error
        except asyncpg.InvalidCatalogNameError as error:
            raise Misconfigured(f"CROSSTIE_DATABASE_URL: {error}") from error
