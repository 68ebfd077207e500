"""Who is not let in through locked doors, and what is said then."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping

import httpx
import pytest
from sqlalchemy import make_url

from crosstie.brokers import Brokers, Login
from crosstie.errors import BrokerAway, DatabaseAway, Misconfigured
from crosstie.runtime import reachable
from crosstie.runtime.database import pool
from crosstie.runtime.kafka import topics_exist
from crosstie.runtime.service import Running
from crosstie.runtime.supervised import Supervised
from crosstie.settings import Settings
from tests.services.doors_world import (
    PATIENCE_SECONDS,
    SERVED,
    Locked,
)
from tests.services.ingestion_world import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]
INTRUDER = "a-canary-of-a-wrong-password"


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Sockets left to the collector, here and before: in which test it finds them is chance."""
    _collect()
    yield
    _collect()


def _collect() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "ca_file",
            "its certificate is not trusted (unable to get local issuer certificate): CROSS",
        ),
        ("password", "it refuses user 'operator' with SCRAM-SHA-512: is the password right"),
        ("plain", "CROSSTIE_KAFKA_SECURITY_PROTOCOL is PLAINTEXT; does it expect TLS?"),
        ("nobody", "CROSSTIE_KAFKA_SECURITY_PROTOCOL is SSL; does it expect a user?"),
    ],
)
async def test_why_kafka_lets_a_command_not_in(change: str, words: str, doors: Locked) -> None:
    right = doors.brokers("operator")
    wrong = {
        "ca_file": dataclasses.replace(right, ca_file=doors.stranger.file),
        "password": dataclasses.replace(right, login=Login("operator", INTRUDER)),
        "plain": Brokers(right.bootstrap),
        "nobody": dataclasses.replace(right, protocol="SSL", login=None),
    }[change]
    assert await reachable.kafka(right)
    with pytest.raises(BrokerAway) as refused:
        await reachable.kafka(wrong)
    assert words in str(refused.value)
    assert INTRUDER not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("sslrootcert", "its certificate is not trusted (unable to get local issuer certificate)"),
        ("host", "not valid for 'localhost'"),
        (
            "password",
            'password authentication failed for user "login_profile": see login, password',
        ),
        ("sslmode", "no encryption: see login, password and sslmode in CROSSTIE_DATABASE_URL"),
    ],
)
async def test_why_postgresql_lets_a_command_not_in(change: str, words: str, doors: Locked) -> None:
    right = make_url(doors.logins["profile"])
    wrong = {
        "sslrootcert": right.update_query_dict({"sslrootcert": str(doors.stranger.file)}),
        "host": right.set(host="localhost"),
        "password": right.set(password=INTRUDER),
        "sslmode": right.set(query={"sslmode": "disable"}),
    }[change]
    await reachable.postgres(doors.logins["profile"])
    with pytest.raises(Misconfigured) as refused:
        await reachable.postgres(wrong.render_as_string(hide_password=False))
    assert words in str(refused.value)
    assert INTRUDER not in str(refused.value)


async def test_a_login_that_may_not_take_the_role_is_told_what_to_grant(doors: Locked) -> None:
    settings = settings_of(doors, {"CROSSTIE_DATABASE_URL": doors.logins["matching"]})
    words = "`GRANT crosstie_profile TO` the login of CROSSTIE_DATABASE_URL"
    with pytest.raises(DatabaseAway, match=words):
        await pool(settings, "profile", stopping())


async def test_a_user_without_rules_is_told_which_command_makes_them(doors: Locked) -> None:
    settings = settings_of(doors, doors.doors.settings("probe.profile"))
    words = r"may not see crosstie\.events\.v1: .*`crosstie topics acls --create`"
    with pytest.raises(BrokerAway, match=words):
        await topics_exist(settings, [SERVED.events], stopping())


async def test_a_service_that_is_not_let_in_goes_on_knocking_and_says_why(doors: Locked) -> None:
    database = make_url(doors.logins["profile"]).set(password=INTRUDER)
    wrong = {
        "CROSSTIE_KAFKA_SASL_PASSWORD": INTRUDER,
        "CROSSTIE_DATABASE_URL": database.render_as_string(hide_password=False),
    }
    logs = doors.logs / "refused"
    logs.mkdir()
    service = Supervised("profile", doors.environment("profile") | wrong, logs, None)
    keeping = asyncio.create_task(service.keep())
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            reasons = await unready(client, f"{service.url}/health/ready")
            assert (await client.get(f"{service.url}/health/live")).is_success
        log = logs / "profile.log"
        await eventually(lambda: log.read_text().count("retrying") > 2)
        assert service.starts == 1
    finally:
        keeping.cancel()
        await service.stop()
    assert "refuses user 'crosstie.profile'" in reasons["kafka"]
    assert "password authentication failed" in reasons["postgresql"]
    assert INTRUDER not in log.read_text()


def test_a_service_with_settings_that_cannot_work_ends_with_what_to_mend(doors: Locked) -> None:
    wrong = {"CROSSTIE_KAFKA_CA_FILE": "/nowhere/ca.crt"}
    done = subprocess.run(
        [sys.executable, "-m", "services.ingestion"],
        env={"PATH": "/usr/bin:/bin"} | doors.environment("ingestion") | wrong,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 2
    assert "CROSSTIE_KAFKA_CA_FILE is '/nowhere/ca.crt', which cannot be used" in done.stderr
    assert doors.doors.users["crosstie.ingestion"] not in done.stderr


def settings_of(doors: Locked, other: Mapping[str, str]) -> Settings:
    """Those of profile, but for what is other."""
    given = doors.environment("profile") | dict(other)
    return Settings.model_validate(
        {name.removeprefix("CROSSTIE_").lower(): value for name, value in given.items()}
    )


def stopping() -> Running:
    """Who waits no longer: the first refusal is raised, where a service would knock for ever."""
    told = Running()
    told.stop.set()
    return told


async def unready(client: httpx.AsyncClient, url: str) -> dict[str, str]:
    """The reasons, once both Kafka and PostgreSQL are among them."""
    reasons: dict[str, str] = {}

    async def both() -> bool:
        nonlocal reasons
        try:
            reasons = (await client.get(url)).json()["reasons"]
        except httpx.HTTPError:
            return False
        return {"kafka", "postgresql"} <= reasons.keys()

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await both():  # noqa: ASYNC110  another process raises no event
            await asyncio.sleep(0.2)
    return reasons
