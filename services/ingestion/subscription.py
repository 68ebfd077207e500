"""What FastStream is told: which inboxes to read, how far ahead, and to leave all else to the handler.

Of its own it would answer, commit, seek and raise where a record is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from crosstie.brokers import Brokers
from crosstie.runtime.kafka import REQUEST_TIMEOUT_MS
from crosstie.settings import Settings

_NEW_PLATFORM_MS = 5_000  # an inbox made later is read within 10 s
_MOST_RECORDS = 500  # each may be a gathering of 19,900 entries: 20 minutes at worst
_LONGEST_BATCH_MS = 60 * 60_000
_MOST_AHEAD_BYTES = 512 * 1024  # of each partition, and every platform has six
_WAIT_MS = 50  # FastStream sleeps as long again when nothing came
_LAST_BATCH_SECONDS = 8.0


def broker(settings: Settings) -> KafkaBroker:
    """FastStream's broker, reading only: what is written goes through `Log`."""
    return KafkaBroker(
        settings.kafka_bootstrap.split(","),
        security=_security(settings.brokers),
        client_id=f"{settings.topic_prefix}ingestion",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=_NEW_PLATFORM_MS,
        allow_auto_create_topics=False,
        consumer_only=True,
        apply_types=False,
        graceful_timeout=_LAST_BATCH_SECONDS,
        logger=logging.getLogger("crosstie.faststream"),
        log_level=logging.DEBUG,
    )


def _security(brokers: Brokers) -> BaseSecurity | None:
    """Brokers as FastStream is told of them."""
    if brokers.protocol == "PLAINTEXT":
        return None
    context, tls, login = brokers.ssl_context(), brokers.tls, brokers.login
    if login is None:
        return BaseSecurity(context, tls)
    return _KINDS[login.mechanism](login.user, login.password, context, tls)


_KINDS: Mapping[str, Callable[..., BaseSecurity]] = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


def subscriber(to: KafkaBroker, settings: Settings) -> Any:
    """The batch subscriber of every inbox of this deployment."""
    return to.subscriber(
        pattern=settings.topics.inbox_pattern,
        batch=True,
        max_records=_MOST_RECORDS,
        batch_timeout_ms=_WAIT_MS,
        group_id=f"{settings.topic_prefix}ingestion",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=parsed,
        decoder=decoded,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_interval_ms=_LONGEST_BATCH_MS,
        max_partition_fetch_bytes=_MOST_AHEAD_BYTES,
        fetch_max_wait_ms=100,
    )


async def parsed(records: tuple[Any, ...]) -> KafkaMessage:
    """A batch as FastStream hands it on: nothing is read in it, so nothing in it can raise."""
    first, last = records[0], records[-1]
    name = f"{first.topic}/{first.partition}/{first.offset}-{last.offset}"
    return KafkaMessage(
        body=b"", raw_message=records, headers={}, reply_to="", message_id=name, consumer=_Nothing()
    )


async def decoded(message: KafkaMessage) -> Any:
    """The records as they came."""
    return message.raw_message


class _Nothing:
    """What FastStream may commit or seek on its own: nothing."""

    async def commit(self) -> None:
        """Only the handler commits."""

    def seek(self, partition: Any, offset: int) -> None:
        """Nothing is ever given back."""
