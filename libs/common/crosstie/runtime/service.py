"""How every service runs: HTTP first, then its work, until SIGTERM, with the batch in hand finished.

    run("profile", build)

HTTP answers /health/live at once, so a service that waits for Kafka is alive and says why it is
not ready, at the start and whenever Kafka or PostgreSQL answers no more. When the work fails, the
process ends with status 1 and whoever supervises starts it again. A stop is bounded step by step,
and as a whole: what still hangs then is shown on stderr, and the process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

from crosstie.errors import CrosstieError, Transient
from crosstie.runtime import readiness, telemetry
from crosstie.runtime.connections import IDLE_SECONDS, MOST_HEAD_BYTES, bounded
from crosstie.runtime.listening import listening
from crosstie.runtime.reach import LEAVING_SECONDS, watching
from crosstie.runtime.stopping import cut_short
from crosstie.settings import Settings
from crosstie.settings_faults import SEE, faults
from crosstie.settings_unknown import unknown

STOP_SECONDS = 25  # from SIGTERM to the end of the process, whatever happens
SHUTDOWN_SECONDS = 17  # for the work to end by itself
CUT_SHORT_SECONDS = 2  # for work that did not, and was cancelled
HTTP_DRAIN_SECONDS = 4
STEPS_SECONDS = SHUTDOWN_SECONDS + CUT_SHORT_SECONDS + LEAVING_SECONDS + HTTP_DRAIN_SECONDS
TOLD_SECONDS = 1.0  # between two looks at whether it is ready
LAST_RESORT_SECONDS = STOP_SECONDS - 0.5  # should something hang between or after the steps


@dataclass
class Running:
    """What the work shares with its process: when to stop, and why it is not ready."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    unready: dict[str, str] = field(default_factory=dict)

    async def pause(self, seconds: float) -> bool:
        """Wait, but not past the stop; True when it is time to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation before 3.12
                await self.stop.wait()
        return self.stop.is_set()


@dataclass(frozen=True)
class Service:
    """A service's routes, and the work that goes on beside them until `Running.stop`."""

    api: FastAPI
    work: Callable[[Running], Awaitable[None]]


def run(name: str, build: Callable[[Settings], Service]) -> None:
    """Read the settings, build the service, run it; exits with 2 for bad settings, 1 for failed work."""
    strangers = unknown(os.environ, Settings.model_fields)
    try:
        settings = Settings()
        settings.brokers.ssl_context()  # wrong files are said now, not on every attempt
        telemetry.configure(settings.log_level)
        service = build(settings)
    except ValidationError as error:
        _refuse(*faults(error, Settings), *strangers)
    except CrosstieError as error:
        _refuse(str(error), *strangers)
    else:
        if strangers:
            telemetry.logger(name).warning("unknown settings", told=strangers)
        sys.exit(asyncio.run(serve(name, settings, service)))


async def serve(name: str, settings: Settings, service: Service) -> int:
    """Run until SIGTERM or SIGINT, or until the work fails; the exit status."""
    log = telemetry.logger(name)
    running = Running(unready={"start": "waiting for Kafka and PostgreSQL"})
    add_health(service.api, running)
    loop = asyncio.get_running_loop()

    ending = False

    def end_within(seconds: float) -> None:
        nonlocal ending
        if not ending:  # a second signal gives no more time
            ending = True
            faulthandler.dump_traceback_later(seconds, exit=True)

    def asked() -> None:
        end_within(LAST_RESORT_SECONDS)
        running.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    async with _http(service.api, settings) as port:
        log.info("listening", url=f"http://{settings.http_host}:{port}")
        async with watching(name, settings, running), readiness_told(log, running):
            try:
                return await _work(log, service, running)
            finally:
                # work that failed by itself may leave something that hangs as well
                end_within(LAST_RESORT_SECONDS)


@contextlib.asynccontextmanager
async def readiness_told(
    log: telemetry.Logger, running: Running, every_seconds: float = TOLD_SECONDS
) -> AsyncIterator[None]:
    """In the block, one log line whenever the service turns ready, or why it is not changes.

    What differs in its figures alone is the same reason; what came and went between two looks is
    in the lines of whoever it befell.
    """

    async def tell() -> None:
        told: dict[str, str] | None = None
        while True:
            reasons = dict(running.unready)
            same = {name: re.sub(r"\d+", "", why) for name, why in reasons.items()}
            if same != told:
                if reasons:
                    say = log.warning if told == {} else log.info  # it was ready before
                    say("not ready", reasons=reasons)
                else:
                    log.info("ready")
                told = same
            if await running.pause(every_seconds):
                return

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait((telling,))


async def _work(log: telemetry.Logger, service: Service, running: Running) -> int:
    work = asyncio.ensure_future(service.work(running))
    stopping = asyncio.ensure_future(running.stop.wait())
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    running.unready["stop"] = "stopping"
    asked = running.stop.is_set()
    log.info("stopping", asked=asked)
    running.stop.set()
    await asyncio.wait((work,), timeout=SHUTDOWN_SECONDS)
    if not work.done():
        log.error("stopped late", seconds=SHUTDOWN_SECONDS)
        asked = False
        if not await cut_short(work, CUT_SHORT_SECONDS):
            return 1
    try:
        await work
    except asyncio.CancelledError:
        return 1
    except Transient as error:
        if asked:  # what is away need not be waited for
            log.info("stopped without waiting", reason=str(error))
            return 0
        logging.getLogger("crosstie.service").error("failed", exc_info=error)
        return 1
    # the boundary of the process: whatever it was, it is logged once and the exit status says so
    except Exception as error:
        logging.getLogger("crosstie.service").error("failed", exc_info=error)
        return 1
    return 0


def add_health(api: FastAPI, running: Running) -> None:
    """Probes and metrics: live while the loop turns, ready while no reason stands against it."""
    readiness.follows(running.unready)

    @api.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @api.get("/health/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        status = 503 if running.unready else 200
        return JSONResponse({"ready": not running.unready, "reasons": running.unready}, status)

    @api.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the service decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _http(api: FastAPI, settings: Settings) -> AsyncIterator[int]:
    bound = listening(settings.http_host, settings.http_port)
    config = uvicorn.Config(
        api,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=HTTP_DRAIN_SECONDS,
        lifespan="off",
        http=bounded(settings.http_connections),
        ws="none",
        timeout_keep_alive=IDLE_SECONDS,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        server_header=False,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield bound.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        bound.close()


def _refuse(*reasons: str) -> NoReturn:
    for reason in reasons:
        print(f"error: {reason}", file=sys.stderr)
    print(SEE, file=sys.stderr)
    sys.exit(2)
