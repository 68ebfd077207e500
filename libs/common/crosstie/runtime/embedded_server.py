"""A server of the stack on a directory of data: started, crashed, started again, stopped."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod

from crosstie.runtime.guarded import NEVER, Guarded, Program, StackFailed, free_port
from crosstie.runtime.telemetry import Logger

_LOOK_SECONDS = 0.25


class EmbeddedServer(ABC):
    """Its data and its port survive `kill` and `restart`."""

    def __init__(self, name: str, ready_seconds: float, leave: threading.Event = NEVER) -> None:
        self.port = free_port()
        self._name = name
        self._ready_seconds = ready_seconds
        self._leave = leave  # once set, nobody waits for it any more
        self._server: Guarded | None = None

    @abstractmethod
    def serves(self) -> bool:
        """Whether it lets a client in."""

    @abstractmethod
    def _prepare(self) -> None:
        """What has to be there before it starts; its data, if they are new."""

    @abstractmethod
    def _program(self) -> Program:
        """What to run once that is there."""

    @property
    def server(self) -> Guarded:
        """Its process."""
        if self._server is None:
            raise StackFailed(f"{self._name} has not been started")
        return self._server

    def start(self) -> None:
        """Make the data if they are new, start it, wait until it serves."""
        self._prepare()
        if self._server is None:
            self._server = Guarded(self._program())
        self._server.start()
        self._server.wait(self.serves, self._ready_seconds, self._leave)

    def kill(self) -> None:
        """Crash it: SIGKILL."""
        self.server.kill()

    def restart(self) -> None:
        """Start it again on the same port and data, whether it was killed or still runs."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Shut it down in good order."""
        if self._server is not None:
            self._server.stop()


async def kept(name: str, server: EmbeddedServer, log: Logger) -> None:
    """Start a server again whenever it crashed."""
    while True:
        if server.server.crashed:
            log.warning("server ended, starts again", server=name)
            try:
                await asyncio.to_thread(server.restart)
                log.info("server started again", server=name)
            except StackFailed as failed:
                log.error("server did not start", server=name, reason=str(failed))
        await asyncio.sleep(_LOOK_SECONDS)
