"""Fixtures that every test may ask for.

`stack`            one Kafka and one PostgreSQL for the whole run, of each of the processes that tests
                   run in (external when the environment names them: then one for all)
`topic_prefix`     begins the names of this test's topics, which are deleted afterwards
`database`         URL of a fresh, migrated database of this test, dropped afterwards
`make_database`    makes as many more as wanted
`module_topic_prefix`, `module_database`   the same, shared by the tests of one module

A test that asks for one of these is marked `kafka` or `postgres` by itself, and such a test may
fail but never skip; nor may a whole file under `tests/` in one of the folders of REAL.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import settings as hypothesis
from psycopg import sql
from sqlalchemy import make_url

from crosstie.runtime.migrate import migrate
from crosstie.runtime.stack import Stack
from crosstie.runtime.stack import stack as running_stack

if hypothesis.get_current_profile_name() == "default":  # and not that of `tests.mutants.quick`
    hypothesis.register_profile("untimed", deadline=None)  # how fast it is says nothing here
    hypothesis.load_profile("untimed")

KAFKA = {"stack", "topic_prefix", "module_topic_prefix"}
REAL = ("services", "e2e", "chaos")
POSTGRES = {"stack", "database", "module_database", "make_database", "server_database"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & KAFKA:
            item.add_marker(pytest.mark.kafka)
        if asked & POSTGRES:
            item.add_marker(pytest.mark.postgres)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    real = item.get_closest_marker("kafka") or item.get_closest_marker("postgres")
    if real and report.skipped:  # by a mark, by a call, or as a failure that is expected
        report.outcome = "failed"
        report.longrepr = f"a test marked {real.name} must not be skipped: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    tests = collector.config.rootpath / "tests"
    if report.skipped and any(tests / each in collector.path.parents for each in REAL):
        report.outcome = "failed"
        report.longrepr = f"a file of real tests must not be skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with running_stack() as running:
        yield running
        if request.session.testsfailed:
            running.keep_logs("tests failed")


@pytest.fixture
def topic_prefix(stack: Stack) -> Iterator[str]:
    with _topics(stack) as prefix:
        yield prefix


@pytest.fixture(scope="module")
def module_topic_prefix(stack: Stack) -> Iterator[str]:
    with _topics(stack) as prefix:
        yield prefix


@pytest.fixture
def database(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def make_database(_template: str, stack: Stack) -> Iterator[Callable[[], str]]:
    with _databases(stack.database_url, _template) as make:
        yield make


@pytest.fixture(scope="module")
def module_database(_template: str, stack: Stack) -> Iterator[str]:
    with _databases(stack.database_url, _template) as make:
        yield make()


@pytest.fixture(scope="session")
def _template(stack: Stack) -> Iterator[str]:
    """A migrated database that nobody connects to: copying it takes a tenth of migrating."""
    with _databases(stack.database_url, "template0") as make:
        url = make()
        migrate(url)
        yield str(make_url(url).database)


@contextmanager
def _topics(stack: Stack) -> Iterator[str]:
    prefix = f"t{secrets.token_hex(4)}."
    yield prefix
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    mine = [name for name in admin.list_topics(timeout=30).topics if name.startswith(prefix)]
    if mine:
        for deleted in admin.delete_topics(mine).values():
            deleted.result()


@contextmanager
def _databases(server: str, template: str) -> Iterator[Callable[[], str]]:
    names: list[str] = []

    def run(statement: str, *names: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def make() -> str:
        name = f"test_{secrets.token_hex(6)}"
        run("CREATE DATABASE {} TEMPLATE {}", name, template)
        names.append(name)
        return make_url(server).set(database=name).render_as_string(hide_password=False)

    yield make
    for name in names:
        run("DROP DATABASE {} WITH (FORCE)", name)
