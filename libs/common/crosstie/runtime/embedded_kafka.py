"""Apache Kafka itself, one node, on a loopback port: alone, or one of a cluster."""

from __future__ import annotations

import logging
import threading
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from crosstie.brokers import Brokers
from crosstie.runtime.embedded_doors import Doors
from crosstie.runtime.embedded_server import EmbeddedServer
from crosstie.runtime.guarded import NEVER, Program, StackFailed, free_port, listens, run_tool
from crosstie.runtime.java import java, kafka_jars

READY_SECONDS = 300.0
FORMAT_SECONDS = 300.0

PROPERTIES: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKERS",
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # one node is every replica there is, unless a cluster says otherwise
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # ... and a small one: fewer partitions of internal topics are created and loaded sooner
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.num.partitions": "5",
    "share.coordinator.state.topic.num.partitions": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.cleaner.backoff.ms": "1000",
    # as in production, where a mistyped topic must not come into being
    "auto.create.topics.enable": "false",
    # tests should not wait
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # after a crash the broker may register again only when its old session is over
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "1000",
}


def cluster_id() -> str:
    """A new one, as Kafka spells them."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Node:
    """One node's place among the voters; clients are told `advertised` where it is not its own port."""

    id: int = 1
    voters: Mapping[int, int] = field(
        default_factory=lambda: {1: free_port()}
    )  # controllers' ports
    cluster: str = field(default_factory=cluster_id)
    advertised: int | None = None


class EmbeddedKafka(EmbeddedServer):
    """One broker that is its own controller; its data survives `kill` and `restart`."""

    def __init__(
        self,
        data: Path,
        logs: Path,
        *,
        heap: str = "512m",
        overrides: Mapping[str, str] | None = None,
        node: Node | None = None,
        doors: Doors | None = None,
        holds: int | None = None,
        leave: threading.Event = NEVER,
    ) -> None:
        super().__init__("Kafka", READY_SECONDS, leave)
        self._data = data
        self._properties = data / "server.properties"
        self._doors = doors
        self._heap = heap
        self._overrides = dict(overrides or {})
        self._logs = logs
        self._holds = () if holds is None else (holds,)
        self._node = node or Node()
        self._between = free_port()  # where other brokers find it

    @property
    def bootstrap(self) -> str:
        """What a client is given to connect."""
        return f"127.0.0.1:{self.port}"

    @property
    def brokers(self) -> Brokers:
        """How one that may do everything connects."""
        return self._doors.brokers(self.bootstrap) if self._doors else Brokers(self.bootstrap)

    def _prepare(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        self._configure()
        if not (self._data / "log" / "meta.properties").exists():
            self._format()

    def _program(self) -> Program:
        command = [*self._java(f"-Xmx{self._heap}"), "kafka.Kafka", str(self._properties)]
        named = "kafka" if len(self._node.voters) == 1 else f"kafka-{self._node.id}"
        return Program("Kafka", command, self._logs / f"{named}.log", holds=self._holds)

    def _configure(self) -> None:
        node, own = self._node, f"BROKERS://127.0.0.1:{self._between}"
        controller = f"CONTROLLER://127.0.0.1:{node.voters[node.id]}"
        voters = (f"{id}@127.0.0.1:{port}" for id, port in node.voters.items())
        settings = {
            **PROPERTIES,
            "node.id": str(node.id),
            "controller.quorum.voters": ",".join(voters),
            "listeners": f"CLIENTS://127.0.0.1:{self.port},{own},{controller}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{node.advertised or self.port},{own}",
            "log.dirs": str(self._data / "log"),
            **(self._doors.kafka(self._data) if self._doors else {}),
            **self._overrides,
        }
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        self._properties.write_text(text)

    def _format(self) -> None:
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={self._node.cluster}"]
        tool += ["-c", str(self._properties), *(self._doors.kafka_format() if self._doors else ())]
        command = [*self._java("-Xmx128m"), *tool]
        code, output = run_tool(command, FORMAT_SECONDS, self._leave)
        if code:
            raise StackFailed(f"Kafka could not format {self._data}:\n{output}")

    def _java(self, *options: str) -> list[str]:
        log = "org.slf4j.simpleLogger"
        return [
            str(java()),
            *options,
            "-XX:TieredStopAtLevel=1",
            f"-D{log}.defaultLogLevel=warn",
            f"-D{log}.log.kafka.server=info",
            f"-D{log}.showDateTime=true",
            f"-D{log}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
            "-cp",
            str(kafka_jars() / "*"),
        ]

    def serves(self) -> bool:
        """Whether the broker tells a client of itself, which it does once it is unfenced."""
        if not listens(self.port):
            return False
        quiet = logging.getLogger("crosstie.stack.librdkafka")
        quiet.disabled = True
        client = AdminClient(self.brokers.librdkafka(), logger=quiet)
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False
