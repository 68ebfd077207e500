"""The ledger is kept now and then, beside the rounds: whoever starts folds only the rounds after it.

With 100,000 live suggestions it is 100 MB, which takes seconds to write: no round waits for that.
"""

from __future__ import annotations

import asyncio

from crosstie.matching.ledger import Ledger
from crosstie.matching.ledger_bytes import stored
from crosstie.runtime.database import retrying
from crosstie.runtime.service import Running
from services.matching.offloop import off_loop
from services.matching.store import Store

_EVERY = 500  # rounds: about the most that a start has to fold


class Keeper:
    """Keeps one ledger at a time; what is kept a while later is as right as what is kept at once."""

    def __init__(self, store: Store, running: Running) -> None:
        self._store, self._running = store, running
        self._work: asyncio.Task[None] | None = None

    def after(self, n: int, ledger: Ledger) -> None:
        """The ledger after round `n`, which is committed. Raises what keeping the last one did."""
        if self._work is not None and self._work.done():
            self._work.result()
            self._work = None
        if n % _EVERY == 0 and self._work is None:
            self._work = asyncio.create_task(self._keep(n, ledger))

    async def close(self) -> None:
        """Leave off."""
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.wait((work,))

    async def _keep(self, n: int, ledger: Ledger) -> None:
        body = await off_loop(lambda: stored(ledger))
        await retrying(lambda: self._store.keep_ledger(n, body), self._running, "keep the ledger")
