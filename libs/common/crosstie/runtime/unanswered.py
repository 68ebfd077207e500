"""What whoever reads of members is told where there is no answer: the same by every service."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from crosstie.errors import DatabaseAway


def unknown() -> HTTPException:
    """Not whom: an id may be a name or an address, and answers end in the logs of clients."""
    return HTTPException(404, "nobody of your authorities is known by that name")


def tell_when_away(api: FastAPI) -> None:
    """Answer DatabaseAway with 503; the error's words are an operator's."""

    @api.exception_handler(DatabaseAway)
    async def away(_: Request, __: Exception) -> JSONResponse:
        detail = "PostgreSQL does not answer now; ask again"
        return JSONResponse({"detail": detail}, 503, {"Retry-After": "2"})
