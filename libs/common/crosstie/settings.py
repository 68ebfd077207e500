"""Settings of the services, read from `CROSSTIE_*` environment variables."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from crosstie import database_url
from crosstie.brokers import Brokers
from crosstie.errors import Misconfigured
from crosstie.kafka_settings import KafkaSettings
from crosstie.topics import PREFIX, Topics

VAULT_KEY_BYTES = 32
_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^@:/?#,\[\]\s]*)(:[0-9]{1,5})?"
_DATABASE_URL = re.compile(
    rf"postgres(ql)?://([^@/?#\s]*@)?{_HOST}(,{_HOST})*(/[^?#\s]*)?(\?[^#\s]*)?"
)


class Settings(KafkaSettings):
    """What every service needs to start; see docs/operators.md for each one."""

    kafka_bootstrap: str = Field(
        description="Kafka bootstrap servers, host:port[,host:port].", examples=["localhost:9092"]
    )
    database_url: SecretStr = Field(
        description="PostgreSQL URL of a login that may take the role of the service; with "
        "`?sslmode=verify-full&sslrootcert=FILE`, over TLS.",
        examples=["postgresql://crosstie:secret@localhost:5432/crosstie"],
    )
    vault_key: SecretStr | None = Field(
        None,
        description="Base64 of the 32 bytes that wrap the data keys of the vault; ingestion, profile "
        "and `crosstie check` and `forget` need it, matching must not have it.",
    )
    api_key_pepper: SecretStr | None = Field(
        None,
        description="Base64 of 32 bytes with which API keys are hashed: the same for every service and "
        "for `crosstie platforms`. Keys made with another one are unknown.",
    )
    topic_prefix: str = Field(
        "crosstie.",
        pattern=f"^{PREFIX.pattern}$",
        description="Begins every topic, group and transactional id.",
    )
    deployment: str = Field(
        "local",
        pattern=r"^[a-z0-9-]{1,40}$",
        description="Name of this deployment, part of every suggestion's id.",
    )
    http_host: str = Field("127.0.0.1", description="Address the service's HTTP server listens on.")
    http_port: int = Field(
        0, ge=0, le=65535, description="Port of the HTTP server; 0 takes a free one."
    )
    clock: Literal["wall", "log"] = Field(
        "wall",
        description="What rounds take for 'now': the wall clock, or the greatest event time in the log.",
    )
    round_pause_seconds: float = Field(
        0.25,
        ge=0,
        le=3600,
        description="Rounds begin at least this long after each other; members wait up to this long.",
    )
    empty_round_seconds: float = Field(
        300,
        ge=0,
        description="A round that decides nothing is recorded only once the last recorded one is this "
        "old.",
    )
    full_round_seconds: float = Field(
        86_400, gt=0, description="A full round is due this long after the last one."
    )
    base_delay_seconds: float = Field(
        30,
        ge=0,
        description="After a full round, the next base is fitted with this delay, in a process of its "
        "own.",
    )
    hold_lag_events: int = Field(
        50_000,
        ge=1,
        description="Rounds are held while profile is further behind the log than this.",
    )
    policy_file: Path | None = Field(
        None, description="Policy of the matcher, a JSON file; the built-in one when not set."
    )
    batch_events: int = Field(
        5_000,
        ge=1,
        le=50_000,
        description="Most records that profile folds in one transaction of a partition.",
    )
    requests_per_second: float = Field(
        200.0, gt=0, description="Requests per second and API key before 429."
    )
    http_connections: int = Field(
        1_000,
        ge=10,
        description="Most connections of the HTTP server; beyond, the one longest without a request is "
        "closed.",
    )
    http_requests: int = Field(
        256,
        ge=1,
        description="Most HTTP requests in hand at once, probes aside; beyond, 429.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line that is written."
    )

    @field_validator("database_url")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        """Read here and not by a library, whose error would quote a password that is not escaped."""
        if not _DATABASE_URL.fullmatch(value.get_secret_value()):
            raise ValueError(
                "it must read postgresql://user:password@host:port/database; in user and password "
                "write % as %25, @ as %40, : as %3A, / as %2F, ? as %3F, # as %23"
            )
        return value

    @field_validator("vault_key", "api_key_pepper")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None, about: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        try:
            size = len(base64.b64decode(value.get_secret_value(), validate=True))
        except binascii.Error:
            size = -1
        if size != VAULT_KEY_BYTES:
            name = f"CROSSTIE_{(about.field_name or '').upper()}"
            raise ValueError(
                f"{name} must be base64 of 32 bytes: make one with `openssl rand -base64 32`"
            )
        return value

    @field_validator("database_url")
    @classmethod
    def _is_reached_safely(cls, value: SecretStr) -> SecretStr:
        try:
            database_url.check(value.get_secret_value())
        except Misconfigured as error:  # so that what else is wrong is told with it
            raise ValueError(str(error)) from None
        return value

    @property
    def brokers(self) -> Brokers:
        """Kafka, as every client of it is told. Raises Misconfigured."""
        return self.brokers_at(self.kafka_bootstrap)

    @property
    def topics(self) -> Topics:
        """The topics of this deployment."""
        return Topics(self.topic_prefix)

    @property
    def api_key_pepper_bytes(self) -> bytes:
        """Empty where none is set."""
        pepper = self.api_key_pepper
        return b"" if pepper is None else base64.b64decode(pepper.get_secret_value())

    @property
    def vault_key_bytes(self) -> bytes:
        """The wrapping key itself. Raises Misconfigured for whoever needs it and was not given it."""
        if self.vault_key is None:
            raise Misconfigured(
                "CROSSTIE_VAULT_KEY is not set: it opens the data keys of the vault; set the one that "
                "this vault was made with, or for a new one make it with `openssl rand -base64 32`"
            )
        return base64.b64decode(self.vault_key.get_secret_value())
