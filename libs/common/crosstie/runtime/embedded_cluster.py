"""Three nodes of Apache Kafka on loopback ports: what one of them acknowledges, two of them have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crosstie.runtime.embedded_kafka import EmbeddedKafka, Node, cluster_id
from crosstie.runtime.guarded import free_port

NODES = 3
REPLICATED: Mapping[str, str] = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "unclean.leader.election.enable": "false",
}


class EmbeddedCluster:
    """Brokers by name, `kafka-1` to `kafka-3`; each may be killed and started again by itself."""

    def __init__(
        self,
        data: Path,
        logs: Path,
        *,
        heap: str = "384m",
        advertised: Callable[[int], int] | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """`advertised` gives the port, by a node's id, by which clients are to reach it."""
        voters = {id: free_port() for id in range(1, NODES + 1)}
        cluster = cluster_id()
        self.nodes = {
            f"kafka-{id}": EmbeddedKafka(
                data / f"kafka-{id}",
                logs,
                heap=heap,
                overrides={**REPLICATED, **(overrides or {})},
                node=Node(id, voters, cluster, advertised(id) if advertised else None),
            )
            for id in voters
        }

    @property
    def bootstrap(self) -> str:
        """Of the nodes themselves, past whatever is advertised."""
        return ",".join(each.bootstrap for each in self.nodes.values())

    def start(self) -> None:
        """All at once: none is ready before a majority is."""
        with ThreadPoolExecutor(NODES) as pool:
            for started in [pool.submit(each.start) for each in self.nodes.values()]:
                started.result()

    def stop(self) -> None:
        """All at once, in good order."""
        with ThreadPoolExecutor(NODES) as pool:
            for stopped in [pool.submit(each.stop) for each in self.nodes.values()]:
                stopped.result()
