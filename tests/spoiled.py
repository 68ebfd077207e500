"""Records that Kafka takes and no client sends: a header's name that is no UTF-8."""

from __future__ import annotations

from typing import Any

from aiokafka.record.util import calc_crc32c

PLACEHOLDER = "\u00ff\u00ff"  # the name of the header that is to be spoiled


def spoil(batch: Any) -> None:
    """Give the finished batch a header name that is no UTF-8, and the checksum that goes with it."""
    built = bytearray(batch._build())
    at = built.index(PLACEHOLDER.encode())
    built[at : at + 4] = b"\xff\xfe\xff\xfe"
    built[17:21] = calc_crc32c(bytes(built[21:])).to_bytes(4, "big")
    batch._buffer = built
