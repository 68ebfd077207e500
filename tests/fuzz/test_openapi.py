"""Requests that schemathesis makes of the OpenAPI documents: none is answered 500, all as documented."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck
from schemathesis.generation import GenerationMode

from crosstie.contracts import openapi
from crosstie.runtime.stack import Stack
from tests.services.ingestion_world import client, ingestion, world

EXAMPLES = 100
BY_STARLETTE = {"404", "405"}  # where no route is, none is documented


def made(document: dict[str, Any], mode: GenerationMode) -> list[Any]:
    """Requests to every operation of `document`, by its schemas or against them."""
    found: list[Any] = []
    operations: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    for each in operations:

        @hypothesis.settings(
            max_examples=EXAMPLES,
            database=None,
            derandomize=True,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=each.ok().as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            said = case.as_transport_kwargs(base_url="http://x")
            wanted = ("method", "url", "headers", "params", "cookies", "data", "json", "files")
            given = {name: said[name] for name in wanted if said.get(name) is not None}
            found.append(requests.Request(**given).prepare())

        collect()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_the_door_answers_what_its_document_lets_be_sent_and_what_not(
    stack: Stack, database: str, topic_prefix: str, mode: GenerationMode
) -> None:
    document = openapi.documents()["ingestion"]
    statuses: Counter[str] = Counter()
    async with (
        world(stack.bootstrap, database, topic_prefix, requests_per_second=1e6) as at,
        ingestion(at.settings) as (service, _),
        client(service, at.key) as http,
    ):
        for each in made(document, mode):
            kept = {n: v for n, v in each.headers.items() if n.lower() != "authorization"}
            answer = await http.request(each.method, each.url, headers=kept, content=each.body)
            statuses[str(answer.status_code)] += 1
    responses = document["paths"]["/v1/events"]["post"]["responses"]
    assert statuses.keys() <= responses.keys() | BY_STARLETTE
    assert statuses.keys() & {"202", "403", "422"}
