"""Requests that schemathesis makes of an OpenAPI document, and answers held against the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck
from jsonschema import Draft202012Validator
from schemathesis.generation import GenerationMode

BY_STARLETTE = {404, 405}  # where no route is, none is documented


@dataclass(frozen=True, slots=True)
class Made:
    """A request, and what the document says of its operation's answers."""

    request: requests.PreparedRequest
    responses: Mapping[str, Any]


def made(document: dict[str, Any], mode: GenerationMode, examples: int) -> list[Made]:
    """Requests to every operation of `document`, by its schemas or against them."""
    found: list[Made] = []
    operations: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    for operation in (each.ok() for each in operations):
        responses = document["paths"][operation.path][operation.method.lower()]["responses"]
        sent = _drawn(operation.as_strategy(generation_mode=mode), examples)
        found += [Made(each, responses) for each in sent]
    return found


def _drawn(cases: Any, examples: int) -> list[requests.PreparedRequest]:
    found: list[requests.PreparedRequest] = []

    @hypothesis.settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=cases)
    def collect(case: Any) -> None:
        said = case.as_transport_kwargs(base_url="http://x")
        wanted = ("method", "url", "headers", "params", "cookies", "data", "json", "files")
        given = {name: said[name] for name in wanted if said.get(name) is not None}
        found.append(requests.Request(**given).prepare())

    collect()
    return found


def about(document: Any, authority: str, ids: list[str]) -> Any:
    """The document, as if there were no other people than these."""
    if isinstance(document, list):
        return [about(each, authority, ids) for each in document]
    if not isinstance(document, dict):
        return document
    if "pattern" in document and document.get("title") in {"Authority", "Id"}:
        names = [authority] if document["title"] == "Authority" else ids
        return {"type": "string", "enum": names}
    return {name: about(each, authority, ids) for name, each in document.items()}


async def answered(
    http: httpx.AsyncClient,
    document: dict[str, Any],
    sent: Iterable[Made],
    refused: Mapping[str | None, int],
) -> Counter[int]:
    """How often each status was answered to the key of `http`; every answer is as documented.

    Each request is sent once more with one of the headers that are `refused`, in turn, and their status.
    """
    statuses: Counter[int] = Counter()
    wrong = cycle(refused.items())
    for each in sent:
        answer = await _sent(http, each, {})
        _documented(document, each, answer)
        statuses[answer.status_code] += 1
        credential, status = next(wrong)
        turned_away = await _sent(http, each, {"Authorization": credential or ""})
        _documented(document, each, turned_away)
        assert turned_away.status_code in {status, *BY_STARLETTE}, (credential, turned_away.text)
    return statuses


async def _sent(http: httpx.AsyncClient, each: Made, more: dict[str, str]) -> httpx.Response:
    request: Any = each.request
    kept = {n: v for n, v in request.headers.items() if n.lower() != "authorization"}
    return await http.request(
        request.method, request.url, headers=kept | more, content=request.body
    )


def _documented(document: dict[str, Any], each: Made, answer: httpx.Response) -> None:
    """The status is one of the operation's, and the body is as its schema says."""
    said = f"{answer.status_code} {answer.text[:300]} to {each.request.method} {each.request.url}"
    response = each.responses.get(str(answer.status_code))
    if response is None:
        assert answer.status_code in BY_STARLETTE, said
        return
    schema = response["content"]["application/json"]["schema"]
    whole = {"components": document["components"], **schema}
    mistakes = [each.message for each in Draft202012Validator(whole).iter_errors(answer.json())]
    assert not mistakes, (mistakes, said)
