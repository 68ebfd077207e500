"""Locks on the doors of an embedded stack: TLS, users, and an authorizer that allows nothing by itself.

For tests, and for whoever wants to try a cluster as it is in production. Certificates are given by
file; the servers listen on 127.0.0.1, and that is what clients must find in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from crosstie.brokers import Brokers, Login

SERVER = "crosstie-embedded"  # the common name of the servers' certificate
_MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class Doors:
    """PEM files of both servers, and the users of Kafka with their passwords; `operator` may all."""

    ca: Path
    certificate: Path  # its common name is SERVER
    key: Path
    operator: str
    users: Mapping[str, str] = field(repr=False)

    def brokers(self, bootstrap: str, user: str | None = None) -> Brokers:
        """Kafka as `user` is told of it, by default the operator."""
        name = user or self.operator
        return Brokers(bootstrap, "SASL_SSL", Login(name, self.users[name]), self.ca)

    def settings(self, user: str | None = None) -> dict[str, str]:
        """The variables with which a process is that user."""
        name = user or self.operator
        return {
            "CROSSTIE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "CROSSTIE_KAFKA_CA_FILE": str(self.ca),
            "CROSSTIE_KAFKA_SASL_MECHANISM": _MECHANISM,
            "CROSSTIE_KAFKA_SASL_USERNAME": name,
            "CROSSTIE_KAFKA_SASL_PASSWORD": self.users[name],
        }

    def database_query(self) -> str:
        """What a database URL ends with."""
        return urlencode({"sslmode": "verify-full", "sslrootcert": str(self.ca)})

    def kafka(self, home: Path) -> dict[str, str]:
        """Properties of a broker; its certificate and key are put together in `home`, as it wants."""
        own = home / "server.pem"
        own.touch(mode=0o600)
        own.write_text(self.key.read_text() + self.certificate.read_text())
        mutual = {
            f"listener.name.{x}.ssl.client.auth": "required" for x in ("brokers", "controller")
        }
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return mutual | {
            "listener.security.protocol.map": "CLIENTS:SASL_SSL,BROKERS:SSL,CONTROLLER:SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(own),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
            "sasl.enabled.mechanisms": _MECHANISM,
            f"listener.name.clients.{_MECHANISM.lower()}.sasl.jaas.config": scram,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{self.operator};User:CN={SERVER}",
        }

    def kafka_format(self) -> list[str]:
        """Arguments of Kafka's StorageTool that make the users; `ps` shows them while it runs."""
        return [
            f"--add-scram={_MECHANISM}=[name={name},password={password}]"
            for name, password in self.users.items()
        ]
