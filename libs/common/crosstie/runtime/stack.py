"""Which Kafka and which PostgreSQL: the only place that decides.

- `external`, when CROSSTIE_KAFKA_BOOTSTRAP and CROSSTIE_DATABASE_URL are both set;
- `embedded`, otherwise: both started here, out of packages, on loopback ports.

`python -m crosstie.runtime.stack` starts one, prints a line of JSON and serves until SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from crosstie.brokers import Brokers
from crosstie.errors import Misconfigured, Stop
from crosstie.runtime.embedded_doors import Doors
from crosstie.runtime.embedded_kafka import EmbeddedKafka
from crosstie.runtime.embedded_postgres import EmbeddedPostgres
from crosstie.runtime.guarded import NEVER, Guarded, StackFailed
from crosstie.runtime.home import KEPT, held

BOOTSTRAP = "CROSSTIE_KAFKA_BOOTSTRAP"
DATABASE = "CROSSTIE_DATABASE_URL"
SECURITY = "CROSSTIE_KAFKA_SECURITY_PROTOCOL"
DEFAULT_HEAP = "512m"
VAULT_KEY = "CROSSTIE_VAULT_KEY"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running Kafka and PostgreSQL; what is None is not ours, or open to all."""

    bootstrap: str
    database_url: str
    logs: Path | None = None
    kafka: EmbeddedKafka | None = None
    postgres: EmbeddedPostgres | None = None
    doors: Doors | None = None

    @property
    def brokers(self) -> Brokers:
        """Kafka as a client is told of it."""
        return Brokers(self.bootstrap) if self.kafka is None else self.kafka.brokers

    @property
    def env(self) -> dict[str, str]:
        """What lets a service or a client of another process use this stack."""
        way = self.doors.settings() if self.doors else {}
        return {BOOTSTRAP: self.bootstrap, DATABASE: self.database_url} | way

    @property
    def pids(self) -> dict[str, int]:
        """Of the servers we run."""
        return {name: server.pid for name, server in self._servers().items()}

    @property
    def broker_pid(self) -> int:
        """For SIGSTOP and SIGCONT; changes with every restart."""
        return self._kafka().server.pid

    def kill_broker(self) -> None:
        """Crash the broker."""
        self._kafka().kill()

    def restart_broker(self) -> None:
        """Start the broker on its old port and data; return when it serves."""
        self._kafka().restart()

    def keep_logs(self, why: str) -> None:
        """Leave the logs where they are when the stack ends."""
        if self.logs is not None:
            (self.logs / KEPT).write_text(f"{why}\n")

    def left(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Keep the logs of a failure and of a crash; to be interrupted is neither."""
        if isinstance(error, Exception):
            self.keep_logs(repr(error))
        if crash := self.crashed():
            self.keep_logs(crash)

    def crashed(self) -> str | None:
        """What to tell the user when a server ended that nobody stopped."""
        for name, server in self._servers().items():
            if server.crashed:
                return f"{name} ended by itself\n{server.tail()}"
        return None

    def _kafka(self) -> EmbeddedKafka:
        if self.kafka is None:
            raise Misconfigured(f"{BOOTSTRAP} is set: this Kafka is not ours to kill or restart")
        return self.kafka

    def _servers(self) -> dict[str, Guarded]:
        ours = {"kafka": self.kafka, "postgres": self.postgres}
        return {name: server.server for name, server in ours.items() if server is not None}


@contextmanager
def stack(
    data: Path | None = None,
    *,
    heap: str = DEFAULT_HEAP,
    kafka: Mapping[str, str] | None = None,
    doors: Doors | None = None,
    environment: Mapping[str, str] = os.environ,
    leave: threading.Event = NEVER,
) -> Iterator[Stack]:
    """Yield a stack that is ready, and leave nothing running afterwards.

    An embedded one keeps its data in `data`, or in a temporary directory that goes with it.
    `heap` is the broker's, `kafka` adds to its server.properties, `doors` locks both.
    `leave`, once set, ends the wait for readiness with Interrupted.
    """
    bootstrap, database_url = environment.get(BOOTSTRAP), environment.get(DATABASE)
    if (bootstrap or database_url) and data is not None:
        said = [name for name in (BOOTSTRAP, DATABASE) if environment.get(name)]
        raise Misconfigured(
            f"{data} is a stack of its own, but the environment names another in "
            f"{' and '.join(said)}; `unset {BOOTSTRAP} {DATABASE} {VAULT_KEY}`, or give no directory"
        )
    if bootstrap and database_url:
        yield Stack(bootstrap, database_url)
        return
    if bootstrap or database_url:
        missing = DATABASE if bootstrap else BOOTSTRAP
        raise Misconfigured(
            f"{missing} is not set, but its companion is; set both to use a Kafka and a PostgreSQL "
            "that run already, or neither to have them started"
        )
    protocol = environment.get(SECURITY, "PLAINTEXT")
    if doors is None and protocol != "PLAINTEXT":
        raise Misconfigured(
            f"{SECURITY} is {protocol}, but a Kafka started here is open to this machine; `unset` the "
            f"CROSSTIE_KAFKA_* variables, or set {BOOTSTRAP} and {DATABASE} to use one that runs already"
        )
    home = data or Path(tempfile.mkdtemp(prefix="crosstie-"))
    with held(home, leave, throwaway=data is None) as lock:
        logs = home / "logs"
        logs.mkdir(exist_ok=True)
        broker = EmbeddedKafka(
            home / "kafka", logs, heap=heap, overrides=kafka, doors=doors, holds=lock, leave=leave
        )
        server = EmbeddedPostgres(
            home / "postgres", logs, throwaway=data is None, doors=doors, holds=lock, leave=leave
        )
        with _both(broker, server):
            running = Stack(broker.bootstrap, server.url, logs, broker, server, doors)
            with ExitStack() as leaving:
                leaving.push(running.left)
                yield running


@contextmanager
def _both(broker: EmbeddedKafka, server: EmbeddedPostgres) -> Iterator[None]:
    """Both running, started at the same time; both stopped, whatever happens to either."""
    with ExitStack() as stops:
        stops.callback(broker.stop)
        stops.callback(server.stop)
        with ThreadPoolExecutor(2) as pool:
            starts = [pool.submit(x.start) for x in (broker, server)]
        for start in starts:
            start.result()
        yield


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a stack until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser("crosstie.runtime.stack", description=main.__doc__)
    parser.add_argument("--data", type=Path, help="directory that outlives the stack")
    parser.add_argument("--heap", default=DEFAULT_HEAP, help="of the broker (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        with stack(chosen.data, heap=chosen.heap) as running:
            print(json.dumps({"env": running.env, "pids": running.pids}), flush=True)
            while not (crash := running.crashed()):
                time.sleep(0.5)
            raise StackFailed(crash)
    except Stop as failed:
        sys.exit(f"error: {failed}")


def _leave(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second one would cut the clean-up short
    raise SystemExit(0)


if __name__ == "__main__":
    main()
