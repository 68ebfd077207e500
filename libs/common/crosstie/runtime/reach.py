"""Whether Kafka and PostgreSQL answer a service, asked again and again, for /health/ready.

A broker that stands still keeps its connections, and a service with nothing to do would notice
neither. So each is asked something that only a working one can answer, every 5 s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol

import asyncpg
from aiokafka.conn import collect_hosts
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway
from crosstie.runtime import handshake, telemetry
from crosstie.settings import Settings

EVERY_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 3.0
LEAVING_SECONDS: Final = 1.0

SERVERS: Final = ("kafka", "postgresql")  # as reasons of a service that is not ready

Asked = Callable[[], Awaitable[None]]


class Waiting(Protocol):
    """What is shared with the service: why it is not ready, and when to stop."""

    unready: dict[str, str]

    async def pause(self, seconds: float) -> bool: ...


@contextlib.asynccontextmanager
async def watching(role: str, settings: Settings, running: Waiting) -> AsyncIterator[None]:
    """Keep `running.unready["kafka"]` and `["postgresql"]` true to what answers, in the block.

    PostgreSQL is asked as `crosstie_<role>`, which may do what the service may, and no more.
    """
    kafka = Kafka(settings.brokers)
    postgresql = Postgresql(settings.database_url.get_secret_value(), f"crosstie_{role}")
    tasks = (
        asyncio.create_task(_watch("kafka", kafka.ask, running)),
        asyncio.create_task(_watch("postgresql", postgresql.ask, running)),
    )
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks, timeout=LEAVING_SECONDS)
        kafka.drop()
        postgresql.drop()


async def _watch(name: str, ask: Asked, running: Waiting) -> None:
    """One line in the log for each change."""
    log = telemetry.logger("reach")
    while True:
        reason = await _wrong(ask)
        if reason is None and running.unready.pop(name, None) is not None:
            log.info("answers again", of=name)
        elif reason is not None:
            if name not in running.unready:
                log.warning("does not answer", of=name, reason=reason)
            running.unready[name] = reason
        if await running.pause(EVERY_SECONDS):
            return


async def _wrong(ask: Asked) -> str | None:
    """Why it cannot be worked with now; whatever goes wrong with the asking is a reason."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await ask()
    except TimeoutError:
        return f"no answer within {ANSWER_SECONDS:.0f} s"
    except BrokerAway as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  a probe that ended would tell nothing any more
        return f"{type(error).__name__}: {error}"
    return None


class Kafka:
    """Asks who the brokers are, over a connection of its own; any broker that answers will do."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._line: Any = None

    async def ask(self) -> None:
        """Raises BrokerAway with the reason, or TimeoutError, while no broker answers."""
        try:
            if self._line is None or not self._line.connected():
                self._line = await self._connected()
            answer = await self._line.send(MetadataRequest([]))
            if not answer.brokers:
                raise BrokerAway("it knows of no broker")
        except TimeoutError:
            self.drop()
            raise
        except (KafkaError, OSError) as error:
            self.drop()
            raise BrokerAway(handshake.why(error, self._brokers)) from error
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Forget the connection: the next question takes a new one."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _connected(self) -> Any:
        hosts = collect_hosts(self._brokers.bootstrap)  # in another order each time
        for host, port, _ in hosts[:-1]:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS / len(hosts)):
                    return await handshake.connected(self._brokers, host, port, ANSWER_SECONDS)
        host, port, _ = hosts[-1]
        return await handshake.connected(self._brokers, host, port, ANSWER_SECONDS)


class Postgresql:
    """Asks for a 1, over a connection of its own."""

    def __init__(self, url: str, role: str) -> None:
        self._url = url
        self._named = {"role": role, "application_name": "crosstie-ready"}
        self._line: asyncpg.Connection[Any] | None = None

    async def ask(self) -> None:
        """Raises whatever asyncpg does while it does not answer."""
        try:
            if self._line is None or self._line.is_closed():
                self._line = await asyncpg.connect(self._url, server_settings=self._named)
            await self._line.execute("SELECT 1")
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Forget the connection, without a goodbye that a silent server would not hear."""
        if self._line is not None:
            self._line.terminate()
            self._line = None
