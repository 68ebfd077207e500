"""The profile service: its reads over HTTP, and the delivery that goes on beside them."""

from __future__ import annotations

import gc

from fastapi import FastAPI

from crosstie.runtime.auth import Keys
from crosstie.runtime.database import pools
from crosstie.runtime.limits import limit
from crosstie.runtime.service import Running, Service
from crosstie.settings import Settings
from services.profile.delivery import deliver
from services.profile.reads import Reads
from services.profile.routes import routes

_MOST_FOLDING = 16
_MOST_ASKED = 5  # connections for reads over HTTP: they never take those of the fold


def build(settings: Settings) -> Service:
    """The service, wired; it connects when its work begins."""
    keys = Keys.of(settings)
    reads, vault_key = Reads(settings.clock), settings.vault_key_bytes
    api = FastAPI(title="crosstie profile", version="1")
    routes(api, keys, reads)

    async def work(running: Running) -> None:
        _collect_garbage_rarely()
        async with pools(settings, "profile", running, _MOST_FOLDING, _MOST_ASKED) as (pool, asked):
            keys.connect(asked)
            reads.connect(asked)
            await deliver(settings, vault_key, pool, running)

    return Service(limit(api, settings), work)


def _collect_garbage_rarely() -> None:
    """Batches are many small structs without cycles; at the default, collecting takes 40 % of the fold."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
