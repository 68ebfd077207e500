"""The TLS that a PostgreSQL URL asks for: checked at the start, where a message can say what is wrong.

asyncpg and psycopg both read it from the URL, as libpq defines it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from crosstie.brokers import reason
from crosstie.errors import Misconfigured

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERIFYING = ("verify-ca", "verify-full")
_URL = "CROSSTIE_DATABASE_URL"


def check_tls(url: str) -> None:
    """Raises Misconfigured for a mode that there is not, and for files that cannot be used.

    The message never holds the URL: there is a password in it.
    """
    said = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    mode, authority = said.get("sslmode"), said.get("sslrootcert")
    if mode is not None and mode not in _MODES:
        raise Misconfigured(f"{_URL} says sslmode={mode}, must be one of {', '.join(_MODES)}")
    if mode in _VERIFYING and authority is None:
        raise Misconfigured(
            f"{_URL} says sslmode={mode}, but not whom to trust: add &sslrootcert=FILE, a PEM file with "
            "the authority that signed the server's certificate"
        )
    if authority == "system":
        raise Misconfigured(
            f"{_URL} says sslrootcert=system, which not every client here knows; name the file, as "
            "/etc/ssl/certs/ca-certificates.crt"
        )
    if authority is not None:
        try:
            ssl.create_default_context(cafile=authority)
        except (OSError, ValueError) as error:
            raise Misconfigured(
                f"{_URL} says sslrootcert={authority}, which cannot be used ({reason(error)}); it must "
                "be a PEM file with the authority that signed the server's certificate"
            ) from error
    for name in ("sslcert", "sslkey"):
        if name in said and not Path(said[name]).is_file():
            raise Misconfigured(f"{_URL} says {name}={said[name]}, but there is no such file")
