"""Sealed payloads: AES-SIV (RFC 5297), so that a client's retry is the same bytes.

Associated data is the event's source and id: a ciphertext cannot be moved to another event.
A data key per subject, wrapped (AES-KW with padding, RFC 5649) by the key from the environment.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from crosstie.errors import Misconfigured, Rejected

DATA_KEY_BYTES = 32
SEALED = "application/vnd.crosstie.sealed+json"


def new_key() -> bytes:
    """A fresh data key of 32 bytes."""
    return secrets.token_bytes(DATA_KEY_BYTES)


def wrap(data_key: bytes, vault_key: bytes) -> bytes:
    """The data key as the vault stores it."""
    return aes_key_wrap_with_padding(vault_key, data_key)


def unwrap(wrapped: bytes, vault_key: bytes) -> bytes:
    """The data key again. Raises Misconfigured when another vault key wrapped it."""
    try:
        return aes_key_unwrap_with_padding(vault_key, wrapped)
    except InvalidUnwrap as error:
        raise Misconfigured(
            "CROSSTIE_VAULT_KEY is not the key that wrapped this vault's data keys; set the one that did"
        ) from error


def seal(payload: bytes, data_key: bytes, source: str, id: str) -> bytes:
    """Ciphertext of `payload`: 16 bytes longer, equal for equal arguments."""
    return AESSIV(data_key).encrypt(payload, [source.encode(), id.encode()])


def open_sealed(sealed: bytes, data_key: bytes, source: str, id: str) -> bytes:
    """The payload again. Raises Rejected for bytes that this key and event did not seal."""
    try:
        return AESSIV(data_key).decrypt(sealed, [source.encode(), id.encode()])
    except (InvalidTag, ValueError) as error:
        raise Rejected(
            "/data",
            f"{len(sealed)} sealed bytes",
            "what this subject's key sealed for this id",
            "send the event again",
        ) from error
