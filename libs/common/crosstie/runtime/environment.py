"""The variables of a system on one machine: what was given, defaults, and secrets that last with its data."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from crosstie.errors import Misconfigured
from crosstie.runtime.stack import Stack
from crosstie.settings import VAULT_KEY_BYTES, Settings
from crosstie.settings_faults import SEE, faults

_PREFIX = "CROSSTIE_"
_VAULT_KEY = "CROSSTIE_VAULT_KEY"
_PEPPER = "CROSSTIE_API_KEY_PEPPER"


def environment_of(
    components: Stack, data: Path | None, given: Mapping[str, str]
) -> dict[str, str]:
    """Every variable that a service or a client of this system needs."""
    said = {name: value for name, value in given.items() if name.startswith(_PREFIX)}
    defaults = {
        f"{_PREFIX}{name.upper()}": str(Settings.model_fields[name].default)
        for name in ("topic_prefix", "deployment", "clock")
    }
    key = vault_key(components, data, given)
    return defaults | {_PEPPER: _pepper(key)} | said | components.env | {_VAULT_KEY: key}


def _pepper(key: str) -> str:
    """One that lasts as long as the vault's key, of which it tells nothing."""
    return base64.b64encode(hmac.digest(key.encode(), b"api keys", "sha256")).decode()


def vault_key(components: Stack, data: Path | None, given: Mapping[str, str]) -> str:
    """The key that was given, or kept with the data, or a new one for a new vault.

    Raises Misconfigured where two of them differ: the vault would be unreadable.
    """
    fresh = base64.b64encode(secrets.token_bytes(VAULT_KEY_BYTES)).decode()
    if data is not None:
        kept = data / "vault.key"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(given.get(_VAULT_KEY) or fresh)
        key = kept.read_text()
        if (given.get(_VAULT_KEY) or key) != key:
            raise Misconfigured(
                f"{_VAULT_KEY} is set, but {data} has another one in {kept}; `unset {_VAULT_KEY}`"
            )
        return key
    if chosen := given.get(_VAULT_KEY):
        return chosen
    if components.postgres is None:
        raise Misconfigured(
            f"{_VAULT_KEY} is not set, but the database outlives this command; set it "
            "(`openssl rand -base64 32` makes one)"
        )
    return fresh


def settings_of(env: Mapping[str, str]) -> Settings:
    """The settings that `env` makes; raises Misconfigured with the variable that is wrong."""
    try:
        return Settings(
            **{name.removeprefix(_PREFIX).lower(): value for name, value in env.items()}  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise Misconfigured("; ".join((*faults(error, Settings), SEE))) from error
