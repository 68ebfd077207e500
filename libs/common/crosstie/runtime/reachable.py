"""Whether Kafka, PostgreSQL and the door are there: asked once, briefly, before a command begins.

What goes away later is waited for; what is not there at the start is most likely another address.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from crosstie import database_url
from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, DatabaseAway, Misconfigured, Transient
from crosstie.runtime import handshake
from crosstie.runtime.admin import admin
from crosstie.runtime.database import refused, transient

PATIENCE_SECONDS = 8.0
_REMEDY = "is it running? `crosstie up` prints the address to export as"
_HTTP_PORTS = {"http": 80, "https": 443}


async def kafka(brokers: Brokers) -> set[str]:
    """The names of all topics. Raises BrokerAway with the address."""
    remedy = f"{_REMEDY} CROSSTIE_KAFKA_BOOTSTRAP"
    hosts = _hosts(brokers)
    reasons = [await _refusal(*each) for each in hosts]
    if all(reasons):
        raise BrokerAway(f"no Kafka at {brokers} ({reasons[0]}): {remedy}")
    listening = [each for each, refused in zip(hosts, reasons, strict=True) if not refused]
    reasons = [await _unwilling(brokers, *each) for each in listening]
    if all(reasons):
        raise BrokerAway(f"Kafka at {brokers} does not let us in: {reasons[0]}")
    try:
        return await asyncio.to_thread(_topics, brokers)
    except BrokerAway as error:
        raise BrokerAway(f"no answer from Kafka at {brokers} ({error}): {remedy}") from error


async def postgres(url: str) -> None:
    """Raises DatabaseAway with the address, never with the password; Misconfigured if let in nowhere."""
    where = postgres_address(url)
    try:
        with transient():
            await (await asyncpg.connect(url, timeout=PATIENCE_SECONDS)).close()
    except DatabaseAway as error:
        cause = error.__cause__
        if words := refused(cause):
            raise Misconfigured(f"PostgreSQL at {where}: {words}") from error
        remedy = f"{_REMEDY} CROSSTIE_DATABASE_URL"
        raise DatabaseAway(f"no PostgreSQL at {where} ({_why(cause)}): {remedy}") from error
    except asyncpg.PostgresError as error:
        raise Misconfigured(f"CROSSTIE_DATABASE_URL: PostgreSQL at {where}: {error}") from error


async def http(url: str) -> None:
    """Raises Transient with the address, Misconfigured for what is no URL."""
    parts = urlsplit(url)
    if parts.scheme not in _HTTP_PORTS or not parts.hostname:
        raise Misconfigured(f"url is {url!r}, must be http://host:port or https://host")
    port = parts.port or _HTTP_PORTS[parts.scheme]
    if why := await _refusal(parts.hostname, port):
        raise Transient(f"nobody listens at {parts.hostname}:{port} ({why}): is ingestion running?")


def postgres_address(url: str) -> str:
    """Host and port of a database URL, without who logs in. Raises Misconfigured."""
    return database_url.parts(url).netloc.rpartition("@")[2] or "the host of CROSSTIE_DATABASE_URL"


async def _refusal(host: str, port: int) -> str:
    """Why no connection comes about; empty when one does."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:  # TimeoutError is one
        return _why(error)
    writer.close()
    return ""


def _hosts(brokers: Brokers) -> list[tuple[str, int]]:
    found = []
    for address in brokers.bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdigit():
            raise Misconfigured(
                f"CROSSTIE_KAFKA_BOOTSTRAP is {brokers.bootstrap!r}, must be host:port"
            )
        found.append((host.strip("[]"), int(port)))
    return found


async def _unwilling(brokers: Brokers, host: str, port: int) -> str:
    """Why this broker, which listens, does not let us in; empty when it does."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            connection = await handshake.connected(brokers, host, port, PATIENCE_SECONDS)
    except TimeoutError:
        return "no answer"
    except (KafkaError, OSError) as error:
        return handshake.why(error, brokers)
    connection.close()
    return ""


def _why(error: BaseException | None) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error) or "no answer"


def _topics(brokers: Brokers) -> set[str]:
    try:
        return set(admin(brokers).list_topics(timeout=PATIENCE_SECONDS).topics)
    except KafkaException as error:
        raise BrokerAway(error.args[0].str()) from error
