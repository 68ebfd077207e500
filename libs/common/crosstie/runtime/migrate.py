"""Bring a database to the newest schema of every service; safe to call from many at once.

Each service has a branch of its own in `libs/common/crosstie/migrations/versions`, so that two
people who add a revision to different services never meet. `python -m crosstie.runtime.migrate [URL]`.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from crosstie.errors import Misconfigured

MIGRATIONS = Path(__file__).parents[1] / "migrations"
LOCK = 0x63726F7373746965  # "crosstie": of all advisory locks in the database, the migrations'
_ONE_THREAD = threading.Lock()  # alembic's `op` and `context` belong to the process


def migrate(url: str, revision: str = "heads") -> None:
    """Upgrade the database at `url`, a login that may create roles and schemas."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"application_name": "crosstie-migrate"},
    )
    with _ONE_THREAD, engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()  # the lock is the session's: it ends with this connection
        command.upgrade(config(connection), revision)


def config(connection: Connection | None = None) -> Config:
    """What alembic needs to know; with no connection it can still list revisions."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def main() -> None:
    """Migrate the database named by the argument or by CROSSTIE_DATABASE_URL."""
    url = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CROSSTIE_DATABASE_URL")
    if not url:
        raise Misconfigured("set CROSSTIE_DATABASE_URL, or pass a URL")
    migrate(url)


if __name__ == "__main__":
    main()
