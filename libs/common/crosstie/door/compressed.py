"""Bodies that come compressed: opened up to a limit, whatever they would grow to.

Gzip (RFC 1952) and Zstandard (RFC 8878). A body may be several members or frames in a row.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from crosstie.errors import Rejected

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_PARTS = 64  # each costs a decompressor, and an empty one is ten bytes
_WINDOW_LOG = 23  # 8 MiB: as much as RFC 9659 lets a sender ask of a receiver
_GZIP = 16 + zlib.MAX_WBITS
_EITHER = "send it as it is, or by another encoder"


class TooLarge(Rejected):
    """What came out is over the limit."""


def opened(body: bytes, encoding: str, most: int) -> bytes:
    """What `body` was before it was compressed, at most `most` bytes.

    Raises TooLarge, or Rejected for what is not of that `encoding`, a name of ENCODINGS.
    """
    found = bytearray()
    rest = body
    for _ in range(MOST_PARTS):
        part, rest = _part(rest, encoding, most + 1 - len(found))
        found += part
        if len(found) > most:
            limit = f"at most {most} bytes once opened"
            raise TooLarge(
                "", f"a {encoding} body of {len(body)} bytes", limit, "send fewer at once"
            )
        if not rest:
            return bytes(found)
    raise Rejected("", "more", f"at most {MOST_PARTS} {encoding} parts in a row", _EITHER)


def _part(body: bytes, encoding: str, most: int) -> tuple[bytes, bytes]:
    """One member or frame, up to `most` bytes of it, and what follows it."""
    part = ENCODINGS[encoding]()
    try:
        found = part.decompress(body, most)
    except (zlib.error, zstd.ZstdError) as error:
        raise Rejected("", str(error), encoding, _EITHER) from error
    if not part.eof and len(found) < most:
        raise Rejected(
            "", f"cut off after {len(body)} bytes", f"all of the {encoding} body", _EITHER
        )
    return found, part.unused_data


def _gzip() -> Any:
    return zlib.decompressobj(_GZIP)


def _zstd() -> Any:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


ENCODINGS: Mapping[str, Callable[[], Any]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
