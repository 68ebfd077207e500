"""One connection to one broker, with all it asks for, and in words why it did not come about.

Clients of Kafka say "unable to bootstrap", whatever it was; an operator needs to know which setting.
"""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from crosstie.brokers import Brokers

_PROTOCOL = "CROSSTIE_KAFKA_SECURITY_PROTOCOL"


async def connected(brokers: Brokers, host: str, port: int, limit_seconds: float) -> Any:
    """An aiokafka connection that is through TLS and SASL. Raises KafkaError, OSError.

    A listener that wants a user tells so only at the first question, so one is asked.
    """
    limit_ms = int(limit_seconds * 1000)
    made = await create_conn(host, port, request_timeout_ms=limit_ms, **brokers.connection())
    try:
        await made.send(MetadataRequest([]))
    except BaseException:
        made.close()
        raise
    return made


def why(error: Exception, brokers: Brokers) -> str:
    """What stands in the way; names settings and their values, never a password."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ssl.SSLCertVerificationError():
            said = f"is {str(brokers.ca_file)!r}" if brokers.ca_file else "is not set"
            return (
                f"its certificate is not trusted ({error.verify_message}): CROSSTIE_KAFKA_CA_FILE "
                f"{said}; must be the authority that signed it, and the address a name in it"
            )
        case SaslAuthenticationFailed() if brokers.login is not None:
            return (
                f"it refuses user {brokers.login.user!r} with {brokers.login.mechanism}: is the "
                "password right, and does the user exist? See CROSSTIE_KAFKA_SASL_USERNAME and "
                "CROSSTIE_KAFKA_SASL_PASSWORD_FILE"
            )
        case UnsupportedSaslMechanismError() if brokers.login is not None:
            return (
                f"it does not know CROSSTIE_KAFKA_SASL_MECHANISM {brokers.login.mechanism}: {error}"
            )
        case IllegalSaslStateError():
            return f"it asks for no user here, but {_PROTOCOL} is {brokers.protocol}"
        case ssl.SSLError() | ConnectionResetError() if brokers.tls:
            return (
                f"no TLS with it ({_said(error)}): {_PROTOCOL} is {brokers.protocol}; is this its TLS "
                "listener, and does it ask for a certificate of ours?"
            )
        case KafkaConnectionError() | ConnectionResetError():
            wanted = "a user" if brokers.tls else "TLS"
            return (
                f"it hung up ({_said(error)}): {_PROTOCOL} is {brokers.protocol}; does it expect "
                f"{wanted}?"
            )
        case _:
            return _said(error)


def _said(error: Exception) -> str:
    name, text = type(error).__name__, str(error)
    return text if text.startswith(name) else f"{name}: {text}".removesuffix(": ")
