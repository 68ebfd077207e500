"""Sending events over HTTP: what crosstie cannot take now is sent again, what is wrong is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any

import httpx

from crosstie.errors import CrosstieError, Transient

PATIENCE_SECONDS = 120.0
TIMEOUT_SECONDS = 60.0
DEFAULT_WAIT_SECONDS = 1.0
_FAULT = ("pointer", "value", "limit", "remedy")
_LATER = frozenset(
    (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event that was rejected: its place in the request, and why."""

    index: int
    id: str | None
    pointer: str
    value: str
    limit: str
    remedy: str
    others: tuple[dict[str, str], ...] = ()  # what else is wrong with it, said the same way

    def told(self, after: int = 0) -> dict[str, Any]:
        """For a person and for a machine; `after` so many events sent before."""
        number = after + self.index
        first = {name: getattr(self, name) for name in _FAULT}
        faults = " ".join(
            f"{each['pointer'] or '/'} is {each['value']}, must be {each['limit']}; {each['remedy']}."
            for each in (first, *self.others)
        )
        others = {"others": list(self.others)} if self.others else {}
        message = f"event {number} ({self.id or 'without id'}) rejected: {faults.removesuffix('.')}"
        return {"index": number, "id": self.id, **first, **others, "message": message}


class Door:
    """`POST /v1/events` of one crosstie, with one key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, events: Sequence[bytes]) -> list[Refusal]:
        """Send events, each as JSON; what was rejected. The others are acknowledged by the log.

        Raises Transient when crosstie did not answer in two minutes, CrosstieError when it took
        nothing in (wrong key, too much at once).
        """
        response = await self._answered(b"\n".join(events))
        try:
            body = response.json()
        except ValueError as error:
            where = f"{self._client.base_url} answered HTTP {response.status_code} without JSON"
            raise CrosstieError(f"{where}: this is not crosstie's ingestion") from error
        if "results" not in body:
            raise CrosstieError(f"HTTP {response.status_code}: {body.get('detail', body)}")
        return [
            Refusal(
                index=each["index"],
                id=each["id"],
                **{name: each[name] for name in _FAULT},
                others=tuple(each.get("others") or ()),
            )
            for each in body["results"]
            if each["status"] == "rejected"
        ]

    async def _answered(self, body: bytes) -> httpx.Response:
        deadline = monotonic() + PATIENCE_SECONDS
        headers = {"Content-Type": "application/x-ndjson"}
        while True:
            wait = DEFAULT_WAIT_SECONDS
            try:
                response = await self._client.post("/v1/events", content=body, headers=headers)
                if response.status_code not in _LATER:
                    return response
                why = f"HTTP {response.status_code}"
                wait = float(response.headers.get("Retry-After", wait))
            except httpx.TransportError as error:
                why = f"{type(error).__name__} {error}".strip()
            if monotonic() + wait > deadline:
                raise Transient(f"no answer from {self._client.base_url}: {why}")
            await asyncio.sleep(wait)


@asynccontextmanager
async def door(url: str, key: str) -> AsyncIterator[Door]:
    """A client of the ingestion service at `url`."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as client:
        yield Door(client)
