"""Work that takes long runs in a thread, so that probes and previews are answered meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def off_loop(work: Callable[[], T]) -> T:
    """Run `work` in a thread that never holds up the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[], None]) -> None:
        if not done.cancelled() and not loop.is_closed():
            setter()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  it is raised where the work is awaited
            failure = error
            _call(loop, lambda: settle(lambda: done.set_exception(failure)))
        else:
            _call(loop, lambda: settle(lambda: done.set_result(result)))

    threading.Thread(target=run, name="matching-round", daemon=True).start()
    return await done


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more
