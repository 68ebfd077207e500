"""Settings of the way to Kafka: TLS, and who we are; services and commands read the same ones."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from crosstie.brokers import Brokers, Login, Mechanism, Protocol, reason
from crosstie.errors import Misconfigured

_PROTOCOL = "CROSSTIE_KAFKA_SECURITY_PROTOCOL"
_USERNAME = "CROSSTIE_KAFKA_SASL_USERNAME"
_PASSWORD = "CROSSTIE_KAFKA_SASL_PASSWORD"  # noqa: S105  its name
_PASSWORD_FILE = "CROSSTIE_KAFKA_SASL_PASSWORD_FILE"  # noqa: S105


class KafkaSettings(BaseSettings):
    """How every client of this process speaks to Kafka."""

    model_config = SettingsConfigDict(env_prefix="CROSSTIE_", frozen=True, extra="ignore")

    kafka_security_protocol: Protocol = Field(
        "PLAINTEXT",
        description="PLAINTEXT, SSL (TLS), SASL_SSL (TLS and a user) or SASL_PLAINTEXT (a user, and "
        "everybody on the way reads along).",
    )
    kafka_ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that sign the brokers' certificates; without, those "
        "of the machine.",
    )
    kafka_certificate_file: Path | None = Field(
        None, description="PEM file of our own certificate, where Kafka asks for one."
    )
    kafka_key_file: Path | None = Field(
        None, description="PEM file of its key, where it is not in the same file."
    )
    kafka_sasl_mechanism: Mechanism = Field(
        "SCRAM-SHA-512", description="How our user is proven to Kafka, for SASL."
    )
    kafka_sasl_username: str | None = Field(None, description="Our user in Kafka, for SASL.")
    kafka_sasl_password: SecretStr | None = Field(
        None, description="Its password, where no file holds it."
    )
    kafka_sasl_password_file: Path | None = Field(
        None, description="File with its password, read whenever a client is made."
    )

    def brokers_at(self, bootstrap: str) -> Brokers:
        """The brokers at `bootstrap`. Raises Misconfigured, once, for all that does not fit together."""
        user, login = self.kafka_sasl_username, None
        faults = self._of_user() + self._of_files()
        if self._proves_user:
            try:
                password = self._password()
            except Misconfigured as error:
                faults.append(str(error))
            else:
                login = Login(user or "", password, self.kafka_sasl_mechanism)
        if faults:
            raise Misconfigured("; also, ".join(faults))
        return Brokers(
            bootstrap,
            self.kafka_security_protocol,
            login,
            self.kafka_ca_file,
            self.kafka_certificate_file,
            self.kafka_key_file,
        )

    @property
    def _proves_user(self) -> bool:
        return self.kafka_security_protocol.startswith("SASL_")

    def _of_user(self) -> list[str]:
        """What is wrong with whom we say to be, and how."""
        protocol, user = self.kafka_security_protocol, self.kafka_sasl_username
        if not self._proves_user:
            given = {
                f"{_USERNAME} is {user!r}": user,
                f"{_PASSWORD} is set": self.kafka_sasl_password,
                f"{_PASSWORD_FILE} is set": self.kafka_sasl_password_file,
            }
            return [
                f"{name}, but {_PROTOCOL} is {protocol}, which tells Kafka of no user; unset the former, "
                "or make the latter SASL_SSL"
                for name, value in given.items()
                if value  # an empty one is none
            ]
        faults = []
        if not user:
            faults.append(
                f"{_USERNAME} is not set, but {_PROTOCOL} is {protocol}; set our user in Kafka"
            )
        if protocol == "SASL_PLAINTEXT" and self.kafka_sasl_mechanism == "PLAIN":
            faults.append(
                f"CROSSTIE_KAFKA_SASL_MECHANISM is PLAIN and {_PROTOCOL} is {protocol}: the password "
                "would be read by everybody on the way; make the latter SASL_SSL"
            )
        return faults

    def _of_files(self) -> list[str]:
        """What is wrong with which files are given; not with what is in them."""
        protocol, faults = self.kafka_security_protocol, []
        if not protocol.endswith("SSL"):
            faults = [
                f"CROSSTIE_{name.upper()} is set, but {_PROTOCOL} is {protocol}, which uses no TLS; "
                "make it SASL_SSL or SSL"
                for name in ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
                if getattr(self, name) is not None
            ]
        if self.kafka_key_file is not None and self.kafka_certificate_file is None:
            faults.append(
                "CROSSTIE_KAFKA_KEY_FILE is set, but CROSSTIE_KAFKA_CERTIFICATE_FILE is not; set both"
            )
        return faults

    def _password(self) -> str:
        said, path = self.kafka_sasl_password, self.kafka_sasl_password_file
        if said is not None and path is not None:
            raise Misconfigured(f"{_PASSWORD} and {_PASSWORD_FILE} are both set; keep one")
        if said is not None and said.get_secret_value():
            return said.get_secret_value()
        if path is None:
            user = self.kafka_sasl_username
            whose = f"for {_USERNAME} {user!r}" if user else f"though {_PROTOCOL} asks for one"
            raise Misconfigured(f"no password {whose}: set {_PASSWORD_FILE}, or {_PASSWORD}")
        try:
            found = path.read_text().rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise Misconfigured(
                f"{_PASSWORD_FILE} is {str(path)!r}, which cannot be read ({reason(error)}); it must be "
                "a file with one line that this process may read"
            ) from error
        if not found:
            raise Misconfigured(f"{_PASSWORD_FILE} is {str(path)!r}, which is empty")
        return found
