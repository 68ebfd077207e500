"""Where Kafka is and how one proves who one is to it: one value, for every kind of client."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from crosstie.errors import Misconfigured

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the cluster, by SASL."""

    user: str
    password: str = field(repr=False)
    mechanism: Mechanism = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class Brokers:
    """Bootstrap servers (host:port[,host:port]), with TLS where a `protocol` says so.

    Without `ca_file` the authorities of this machine are trusted. `certificate_file` and `key_file`
    are ours, for a cluster that knows its clients by certificate. Names in certificates are checked.
    """

    bootstrap: str
    protocol: Protocol = "PLAINTEXT"
    login: Login | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        return self.bootstrap

    @property
    def tls(self) -> bool:
        """Whether what is said is encrypted, and the broker proves who it is."""
        return self.protocol.endswith("SSL")

    def ssl_context(self) -> ssl.SSLContext | None:
        """None without TLS. Raises Misconfigured for files that cannot be read or used."""
        if not self.tls:
            return None
        context = _trusting(self.ca_file)
        if self.certificate_file is not None:
            _load(context, self.certificate_file, self.key_file)
        return context

    def connection(self) -> dict[str, Any]:
        """Arguments of one aiokafka connection, whose address is given besides."""
        said: dict[str, Any] = {"security_protocol": self.protocol}
        if self.tls:
            said["ssl_context"] = self.ssl_context()
        if self.login is not None:
            said |= {
                "sasl_mechanism": self.login.mechanism,
                "sasl_plain_username": self.login.user,
                "sasl_plain_password": self.login.password,
            }
        return said

    def aiokafka(self) -> dict[str, Any]:
        """Arguments of aiokafka's consumers and producers."""
        return {"bootstrap_servers": self.bootstrap} | self.connection()

    def librdkafka(self) -> dict[str, Any]:
        """Configuration of confluent-kafka's clients."""
        self.ssl_context()  # what is wrong with the files is said better there
        said: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.protocol,
        }
        files = {
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate_file,
            "ssl.key.location": self.key_file,
        }
        said |= {name: str(path) for name, path in files.items() if path is not None}
        if self.login is not None:
            said |= {
                "sasl.mechanism": self.login.mechanism,
                "sasl.username": self.login.user,
                "sasl.password": self.login.password,
            }
        return said


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise Misconfigured(
            f"CROSSTIE_KAFKA_CA_FILE is {str(ca_file)!r}, which cannot be used ({reason(error)}); it "
            "must be a PEM file with the certificates of the authority that signed the brokers'"
        ) from error


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"CROSSTIE_KAFKA_CERTIFICATE_FILE is {str(certificate)!r}, CROSSTIE_KAFKA_KEY_FILE is "
            f"{str(key or certificate)!r}, which cannot be used ({reason(error)}); they must be PEM "
            "files: our certificate, then those that signed it, and its key without a passphrase"
        ) from error


def reason(error: Exception) -> str:
    """Of an error with a file, without its name and number."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
