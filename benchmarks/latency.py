"""From the 202 of an event that opens a slot to its suggestion on Kafka, and previews over HTTP.

    python -m benchmarks.latency --members 100000 --seconds 60 --rate 200

The whole system: Kafka, PostgreSQL and the three services as processes, loaded with a network (see
`loaded`), a full round done. Then so many events a second come in over HTTP: contacts and answers,
and every tenth of a second somebody without any says that they have time for two introductions.
Measured is from the answer 202 to that until the first suggestion with them is read from the
platform's topic: of all, and of those after the first seconds, in which caches fill. Whom they can be
suggested is sure: some who all know each other have time too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx
import numpy as np

from benchmarks import loaded, networks
from benchmarks.door import SOURCE, deployment, environment
from benchmarks.suggested import HOSTS, Platforms, Run, load
from crosstie import api_keys
from crosstie.network.rows import Rows
from crosstie.registry import Platform
from crosstie.runtime.stack import stack
from crosstie.runtime.supervised import Supervised
from crosstie.settings import Settings

BATCH_TYPE = "application/cloudevents-batch+json"
HOSTS_TIME = 20  # introductions a week
PREVIEWS, WARM_UP = 400, 20
SETTLE_SECONDS = 3.0
STRAGGLERS_SECONDS = 10.0
FIRST_SECONDS = 5.0  # of the load: told with the rest, and the rest without them


async def previews(base_url: str, key: str, rows: Rows) -> dict[str, float]:
    """One after another, of anybody: milliseconds from request to answer."""
    names, times = random.Random(6).sample(sorted(rows.members), PREVIEWS), []
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, timeout=60, trust_env=False
    ) as client:
        for n, name in enumerate(names):
            begun = time.perf_counter()
            asked = {"person": loaded.person(loaded.subject(name))}
            answer = await client.post("/v1/preview", json=asked)
            if answer.status_code != 200:
                raise SystemExit(f"{answer.status_code}: {answer.text[:500]}")
            if n >= WARM_UP:
                times.append(time.perf_counter() - begun)
    return percentiles(times)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """In milliseconds."""
    ms = np.array(seconds or [float("nan")]) * 1000
    return {
        "p50_ms": round(float(np.percentile(ms, 50)), 1),
        "p99_ms": round(float(np.percentile(ms, 99)), 1),
        "most_ms": round(float(ms.max()), 1),
        "count": len(seconds),
    }


async def published(settings: Settings, n: int) -> int:
    """Wait until round `n` is out; the last one that is."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        while True:
            out: int = await connection.fetchval("SELECT published_n FROM matching.head")
            if out >= n:
                return out
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


@asynccontextmanager
async def services(settings: Settings, logs: Path) -> AsyncIterator[dict[str, Supervised]]:
    """The three of them, ready; rounds go by the time of events, and no base is fitted meanwhile."""
    given = environment(settings) | {
        "CROSSTIE_CLOCK": "log",
        "CROSSTIE_BASE_DELAY_SECONDS": "86400",
    }
    every = {
        name: Supervised(name, given, logs, None) for name in ("ingestion", "profile", "matching")
    }
    kept = [asyncio.create_task(each.keep()) for each in every.values()]
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while not all([await each.ready(client) for each in every.values()]):  # noqa: ASYNC110  a process raises no event
                await asyncio.sleep(0.5)
        yield every
    finally:
        for task in kept:
            task.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        await asyncio.gather(*(each.stop() for each in every.values()))


async def measured(
    settings: Settings, people: int, seconds: float, rate: int, logs: Path
) -> dict[str, Any]:
    begun = time.perf_counter()
    rows = networks.network(people, 20 * people)
    hosts = sorted(rows.members)[:HOSTS]
    rows = loaded.acquainted(rows, hosts)
    await loaded.load(settings, rows)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    platform = Platform("bench", frozenset([SOURCE]), frozenset([loaded.AUTHORITY]))
    key = await api_keys.register(connection, platform, settings.api_key_pepper_bytes)
    await connection.close()
    put_in = time.perf_counter()
    async with services(settings, logs) as every:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": BATCH_TYPE}
        base_url, run = every["ingestion"].url, Run()
        async with httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=60, trust_env=False
        ) as door:
            client = Platforms(settings, door, run)
            ready = time.perf_counter()
            pair = [loaded.person(loaded.subject(each)) for each in hosts[:2]]
            await client.post([run.event("contact.made", {"members": pair, "channel": "met"})])
            await published(settings, 1)
            full = time.perf_counter()
            await client.post([run.has_time(loaded.subject(each), HOSTS_TIME) for each in hosts])
            before = await published(settings, 2)
            await asyncio.sleep(SETTLE_SECONDS)
            seen = await previews(every["matching"].url, str(key), rows)
            reading = asyncio.create_task(client.read())
            abreast = asyncio.create_task(client.abreast.wait())  # 100,000 take seconds of a core
            await asyncio.wait((abreast, reading), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            await asyncio.sleep(SETTLE_SECONDS)
            await load(client, rows, seconds, rate)
            ended = time.monotonic() + STRAGGLERS_SECONDS
            while len(run.latencies()) < len(run.opened) and time.monotonic() < ended:  # noqa: ASYNC110  nobody else waits
                await asyncio.sleep(0.1)
            if reading.done():
                reading.result()
            reading.cancel()
            rounds = await published(settings, before) - before
    return {
        "members": people,
        "ties": len(rows.ties),
        "events_per_second": rate,
        "seconds": seconds,
        "put_in_seconds": round(put_in - begun, 1),
        "until_ready_seconds": round(ready - put_in, 1),
        "full_round_seconds": round(full - ready, 1),
        "previews_over_http": seen,
        "opened": len(run.opened),
        "to_suggestion": percentiles(run.latencies()),
        "after_the_first_seconds": percentiles(run.latencies(FIRST_SECONDS)),
        "rounds": rounds,
        "of_rounds": of_rounds(logs / "matching.log"),
    }


def of_rounds(log: Path) -> dict[str, float]:
    """Medians over the rounds of few, from the log of matching."""
    lines = [
        json.loads(line) for line in log.read_text("utf-8").splitlines() if '"read_ms"' in line
    ]
    few = [line for line in lines if not line["full"]]
    names = ("read_ms", "step_ms", "commit_ms", "publish_ms", "served")
    return {each: statistics.median([line[each] for line in few] or [0]) for each in names}


def main() -> None:
    """Measure on the stack of the environment, or on an embedded one."""
    parser = argparse.ArgumentParser("benchmarks.latency", description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--logs", type=Path, help="where the services' logs stay")
    chosen = parser.parse_args()
    with stack(heap="1g") as running, deployment(running) as settings, TemporaryDirectory() as some:
        logs = chosen.logs or Path(some)
        logs.mkdir(parents=True, exist_ok=True)
        work = measured(settings, chosen.members, chosen.seconds, chosen.rate, logs)
        print(json.dumps(asyncio.run(work)))


if __name__ == "__main__":
    main()
