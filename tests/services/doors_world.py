"""A stack with locks on its doors, and the users, logins and rules of two deployments in it.

`crosstie.` is served; `probe.` is for trying what each user may do, where junk harms nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from typer.testing import CliRunner

from crosstie.brokers import Brokers
from crosstie.cli import app
from crosstie.runtime.embedded_doors import SERVER, Doors
from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import Stack, stack
from crosstie.topics import Topics
from tests.certificates import Authority

OPERATOR = "operator"
PATIENCE_SECONDS = 120
PLATFORM = "intranet"
SERVED, PROBED = Topics("crosstie."), Topics("probe.")
SERVICES = ("ingestion", "profile", "matching")
KEYS = {
    "CROSSTIE_VAULT_KEY": "Y3Jvc3N0aWUncyBzdXBlcnZpc29yIHRlc3RzIG9ubHk=",
    "CROSSTIE_API_KEY_PEPPER": "Y3Jvc3N0aWUncyBwZXBwZXIgb2YgdGVzdHMgb25seS4=",
}


@dataclass(frozen=True)
class Locked:
    """`database` is the owner's URL; `logins` are those of the services, each of one role."""

    stack: Stack
    doors: Doors
    stranger: Authority
    database: str
    logins: Mapping[str, str]
    logs: Path

    def environment(self, service: str) -> dict[str, str]:
        """What a service of `crosstie.` is started with."""
        way = self.doors.settings(f"crosstie.{service}")
        return (
            KEYS
            | way
            | {
                "CROSSTIE_KAFKA_BOOTSTRAP": self.stack.bootstrap,
                "CROSSTIE_DATABASE_URL": self.logins[service],
                "CROSSTIE_CLOCK": "log",
                "CROSSTIE_ROUND_PAUSE_SECONDS": "0.1",
            }
        )

    def brokers(self, user: str) -> Brokers:
        """Kafka as that user is told of it."""
        return self.doors.brokers(self.stack.bootstrap, user)

    def crosstie(self, *arguments: str) -> str:
        """What the command says to the operator."""
        way = (
            self.doors.settings()
            | KEYS
            | {
                "CROSSTIE_KAFKA_BOOTSTRAP": self.stack.bootstrap,
                "CROSSTIE_DATABASE_URL": self.database,
            }
        )
        done = CliRunner().invoke(app, arguments, env=way, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout


@contextmanager
def locked(home: Path) -> Iterator[Locked]:
    """All of it, set up by an operator with the commands of docs/operators.md."""
    authority, stranger = Authority(home, "authority"), Authority(home, "stranger")
    certificate, key = authority.signed(SERVER)
    names = [OPERATOR]
    for prefix in ("crosstie.", "probe."):
        names += [*(prefix + each for each in SERVICES), f"{prefix}platform.{PLATFORM}"]
    users = {name: secrets.token_urlsafe(12) for name in names}
    doors = Doors(authority.file, certificate, key, OPERATOR, users)
    with stack(doors=doors, environment={}) as running:
        assert running.logs is not None
        migrate(running.database_url)
        logins = {each: _login(running.database_url, each) for each in SERVICES}
        made = Locked(running, doors, stranger, running.database_url, logins, running.logs)
        _install(made)
        yield made


def _install(made: Locked) -> None:
    for prefix in (SERVED.prefix, PROBED.prefix):
        made.crosstie("topics", "create", "--acls", "--prefix", prefix)
    made.crosstie("topics", "create", PLATFORM, "other", "--prefix", PROBED.prefix)
    for topics, name in ((SERVED, PLATFORM), (PROBED, "probing")):
        platform = [name, "--source", f"/{name}", "--authority", name]
        made.crosstie("platforms", "add", *platform, "--prefix", topics.prefix)
    made.crosstie("topics", "acls", PLATFORM, "--create", "--prefix", PROBED.prefix)


def _login(url: str, service: str) -> str:
    """A login that may take the role of this service and no other."""
    name, password = f"login_{service}", secrets.token_urlsafe(12)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                sql.Identifier(name), password, sql.Identifier(f"crosstie_{service}")
            )
        )
    mine = make_url(url).set(username=name, password=password)
    return mine.render_as_string(hide_password=False)
