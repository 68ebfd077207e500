"""Hanging up on a client that still speaks, so that it gets the answer (RFC 9112, section 9.6).

A socket that is closed with bytes unread resets the connection, and what was just written to it is
lost with it: whoever sends a large body that is turned away early would see a broken connection
instead of the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Lingering:
    """A transport whose `close` ends what we say, and goes on reading where `amid` says so.

    It is gone when the client ends, too. Whoever owns it drops what comes, and sets an end to it.
    """

    def __init__(self, transport: asyncio.Transport, amid: Callable[[], bool]) -> None:
        self._transport = transport
        self._amid = amid
        self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether no more is to be said."""
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        """End, once what was written is sent; and once all is heard, where the client is amid it."""
        if self.is_closing():
            return
        if not self._amid():
            self._transport.close()
            return
        self.lingers = True
        try:
            self._transport.write_eof()
        except OSError:  # the client is gone
            self._transport.abort()
            return
        self._transport.resume_reading()
