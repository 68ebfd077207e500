"""A socket to listen on, whose connections send what they have at once."""

from __future__ import annotations

import socket

_BACKLOG = 2048


def listening(host: str, port: int) -> socket.socket:
    """Bound to `host` and `port`, 0 for any. Raises OSError.

    asyncio turns Nagle's algorithm off for sockets that name their protocol, and leaves it on for
    those of `create_server`: then the body of an answer waits 40 ms for the client's delayed
    acknowledgement of its head (RFC 896, RFC 1122 4.2.3.2).
    """
    bound = socket.create_server((host, port), backlog=_BACKLOG)
    return socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())
