"""The stack itself: what it promises to every other test, and to whoever runs `crosstie up`."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from alembic.script import ScriptDirectory
from confluent_kafka.admin import AdminClient, NewTopic
from sqlalchemy import make_url

from crosstie.errors import Misconfigured
from crosstie.runtime import stack as stacks
from crosstie.runtime.embedded_kafka import EmbeddedKafka, Node, cluster_id
from crosstie.runtime.guarded import StackFailed
from crosstie.runtime.migrate import config, migrate
from crosstie.runtime.stack import Stack
from tests.services.processes import gone

OURS = {stacks.BOOTSTRAP, stacks.DATABASE}


async def test_what_is_sent_to_the_broker_comes_back(stack: Stack, topic_prefix: str) -> None:
    topic = f"{topic_prefix}echo"
    create_topic(stack.bootstrap, topic)
    assert await send_and_read(stack.bootstrap, topic, b"hello") == [b"hello"]


async def test_a_service_connects_under_its_own_role(database: str) -> None:
    connection = await asyncpg.connect(database, server_settings={"role": "crosstie_profile"})
    try:
        assert await connection.fetchval("SELECT current_user") == "crosstie_profile"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE public.mine ()")
    finally:
        await connection.close()


def test_databases_of_one_test_know_nothing_of_each_other(make_database: Callable[[], str]) -> None:
    one, other = make_database(), make_database()
    with psycopg.connect(one, autocommit=True) as connection:
        connection.execute("CREATE TABLE only_here ()")
    with psycopg.connect(other) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM only_here")


def test_threads_and_processes_may_migrate_at_once(stack: Stack) -> None:
    process = [sys.executable, "-m", "crosstie.runtime.migrate"]
    with bare_databases(stack, 2) as urls:
        running = [subprocess.Popen([*process, url]) for url in urls]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(migrate, urls * 2))
        assert [x.wait(60) for x in running] == [0, 0]
        for url in urls:
            with psycopg.connect(url) as connection:
                found = {
                    row[0] for row in connection.execute("SELECT version_num FROM alembic_version")
                }
            assert found == expected_heads()


def test_with_both_variables_set_nothing_is_started() -> None:
    environment = {stacks.BOOTSTRAP: "somewhere:9092", stacks.DATABASE: "postgresql://elsewhere/x"}
    with stacks.stack(environment=environment) as external:
        assert external.env == environment
        assert external.pids == {}
        with pytest.raises(Misconfigured, match="not ours"):
            external.kill_broker()


@pytest.mark.parametrize("only", sorted(OURS))
def test_one_variable_without_the_other_is_refused(only: str) -> None:
    (missing,) = OURS - {only}
    with pytest.raises(Misconfigured, match=missing), stacks.stack(environment={only: "x"}):
        pass


def test_a_stack_of_our_own_is_not_what_settings_of_a_locked_kafka_mean() -> None:
    said = {"CROSSTIE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
    with (
        pytest.raises(
            Misconfigured, match="SECURITY_PROTOCOL is SASL_SSL, but a Kafka started here"
        ),
        stacks.stack(environment=said),
    ):
        pass


@pytest.mark.kafka
@pytest.mark.postgres
async def test_an_acknowledged_record_survives_a_crash_of_the_broker() -> None:
    with stacks.stack(environment={}) as own:
        create_topic(own.bootstrap, "t.kept")
        assert await send_and_read(own.bootstrap, "t.kept", b"before") == [b"before"]
        first = own.broker_pid
        own.kill_broker()
        assert gone(first)
        assert own.crashed() is None
        own.restart_broker()
        assert own.broker_pid != first
        assert await send_and_read(own.bootstrap, "t.kept", b"after") == [b"before", b"after"]


@pytest.mark.kafka
async def test_a_broker_starts_whatever_its_cluster_is_called(tmp_path: Path) -> None:
    """One id in 64 begins with a minus, which the command that formats takes for an option."""
    (tmp_path / "logs").mkdir()
    node = Node(cluster="-" + cluster_id()[1:])
    broker = EmbeddedKafka(tmp_path / "data", tmp_path / "logs", node=node)
    try:
        broker.start()
        create_topic(broker.bootstrap, "echo")
        assert await send_and_read(broker.bootstrap, "echo", b"hello") == [b"hello"]
    finally:
        broker.stop()


@pytest.mark.kafka
@pytest.mark.postgres
def test_sigterm_ends_everything_and_leaves_no_directory(place: Path) -> None:
    with command(place) as (process, ready):
        process.terminate()
        assert process.wait(30) == 0
        assert all(gone(pid) for pid in ready["pids"].values())
        assert list(place.iterdir()) == []


@pytest.mark.kafka
@pytest.mark.postgres
def test_nothing_runs_on_when_the_parent_is_killed(place: Path) -> None:
    with command(place) as (process, ready):
        process.kill()
        process.wait()
        assert all(gone(pid, within_seconds=25) for pid in ready["pids"].values())


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_given_directory_keeps_its_data(place: Path) -> None:
    data = place / "data"
    with stacks.stack(data, environment={}) as first:
        create_topic(first.bootstrap, "t.kept")
        execute(first.database_url, "CREATE DATABASE kept")
    with stacks.stack(data, environment={}) as second:
        topics = AdminClient({"bootstrap.servers": second.bootstrap}).list_topics(timeout=10).topics
        assert "t.kept" in topics
        with pytest.raises(psycopg.errors.DuplicateDatabase):
            execute(second.database_url, "CREATE DATABASE kept")


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_directory_in_use_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosstie.runtime.home.IN_USE_SECONDS", 0.5)
    with (
        command(place, "--data", str(place / "data")),
        pytest.raises(Misconfigured, match="in use"),
        stacks.stack(place / "data", environment={}),
    ):
        pass


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_failed_start_shows_and_keeps_the_log(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(place))
    with (
        pytest.raises(StackFailed, match="Too small maximum heap"),
        stacks.stack(heap="1k", environment={}),
    ):
        pass
    (home,) = place.iterdir()
    assert str(home / "logs") in capsys.readouterr().err
    assert "Too small" in (home / "logs" / "kafka.log").read_text()
    assert [x.name for x in home.iterdir()] == ["logs"]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the unprivileged user may enter when we are root, unlike `tmp_path`."""
    path = Path(tempfile.mkdtemp(prefix="crosstie-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def create_topic(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()


async def send_and_read(bootstrap: str, topic: str, value: bytes) -> list[bytes | None]:
    """Send `value`, then read the topic from its beginning to its end."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        sent = await producer.send_and_wait(topic, value)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(sent.offset + 1)]


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def bare_databases(stack: Stack, count: int) -> Iterator[list[str]]:
    names = [f"bare_{secrets.token_hex(4)}" for _ in range(count)]
    for name in names:
        execute(stack.database_url, f"CREATE DATABASE {name} TEMPLATE template0")
    server = make_url(stack.database_url)
    yield [server.set(database=x).render_as_string(hide_password=False) for x in names]
    for name in names:
        execute(stack.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def expected_heads() -> set[str]:
    """What alembic writes down: the heads that no other revision depends on."""
    script = ScriptDirectory.from_config(config())
    needed: set[str] = set()
    for revision in script.walk_revisions():
        needed.update(revision._all_down_revisions)
    return {x.revision for x in script.walk_revisions()} - needed


@contextmanager
def command(
    temporary: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`python -m crosstie.runtime.stack`, once it is ready, with the JSON line that it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    process = subprocess.Popen(
        [sys.executable, "-m", "crosstie.runtime.stack", *arguments],
        stdout=subprocess.PIPE,
        env={**environment, "TMPDIR": str(temporary)},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
