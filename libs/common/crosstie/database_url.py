"""A PostgreSQL URL: checked at the start, where a message can say what is wrong, without its password.

asyncpg and psycopg both read the TLS it asks for from the URL, as libpq defines it.
"""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from crosstie.brokers import reason
from crosstie.errors import Misconfigured

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERIFYING = ("verify-ca", "verify-full")
_URL = "CROSSTIE_DATABASE_URL"


def parts(url: str) -> SplitResult:
    """The URL taken apart. Raises Misconfigured where a part of the password would be taken for another.

    Clients that read such a URL quote in their errors what they took for the port.
    """
    with contextlib.suppress(ValueError):  # its text may hold all before the path
        found = urlsplit(url)
        if "@" not in url or "@" in found.netloc:
            return found
    raise Misconfigured(
        f"{_URL} cannot be read: in its user and password, write / as %2F, ? as %3F, # as %23, [ as "
        "%5B, and what is not ASCII percent-encoded, too; elsewhere in it, @ as %40"
    )


def check(url: str) -> None:
    """Raises Misconfigured for what `parts` refuses, a mode that there is not, and unusable files.

    The message never holds the URL: there is a password in it.
    """
    said = {name: values[-1] for name, values in parse_qs(parts(url).query).items()}
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
