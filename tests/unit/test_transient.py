"""What only time mends is told apart from what is wrong."""

from __future__ import annotations

import asyncpg
import pytest

from crosstie.errors import BrokerAway, DatabaseAway, Misconfigured
from crosstie.runtime.away import reached
from crosstie.runtime.database import transient
from crosstie.runtime.usable import usable


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.QueryCanceledError("canceling statement due to user request"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.TransactionTimeoutError("terminating connection due to transaction timeout"),
        asyncpg.IdleSessionTimeoutError("terminating connection due to idle-session timeout"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.OutOfMemoryError("out of memory"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.PostgresIOError("could not read block 7 in file"),
        ConnectionRefusedError("connect call failed"),
    ],
)
def test_a_server_that_dies_or_is_away_is_tried_again(error: Exception) -> None:
    with pytest.raises(DatabaseAway), transient():
        raise error


def test_a_wait_that_ended_without_a_word_is_told_in_words() -> None:
    with pytest.raises(DatabaseAway, match=r"^TimeoutError: no answer in time$"), transient():
        raise TimeoutError
    with pytest.raises(DatabaseAway, match=r"^DeadlockDetectedError: deadlock"), transient():
        raise asyncpg.DeadlockDetectedError("deadlock detected")


def test_a_connection_that_ended_without_a_word_is_not_told_as_one_that_took_too_long() -> None:
    with (
        pytest.raises(DatabaseAway, match=r"^ConnectionAbortedError: it says no more$"),
        transient(),
    ):
        raise ConnectionAbortedError


def test_what_the_database_refuses_is_not() -> None:
    with pytest.raises(asyncpg.DataError), transient():
        raise asyncpg.DataError("value out of range")


def test_a_broker_that_ended_a_connection_without_a_word_is_not_said_to_be_late() -> None:
    with pytest.raises(BrokerAway, match=r"^ConnectionResetError: it says no more$"), reached():
        raise ConnectionResetError
    with pytest.raises(BrokerAway, match=r"^TimeoutError: no answer in time$"), reached():
        raise TimeoutError


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InvalidSchemaNameError('schema "registry" does not exist'),
        asyncpg.UndefinedColumnError('column "network_id" does not exist'),
        asyncpg.InsufficientPrivilegeError("permission denied for schema vault"),
        asyncpg.InvalidCatalogNameError('database "crosstei" does not exist'),
    ],
)
def test_a_command_does_not_wait_for_what_no_retry_helps(error: Exception) -> None:
    with pytest.raises(Misconfigured, match=str(error)), usable():
        raise error


def test_a_command_is_told_that_a_server_is_away() -> None:
    with pytest.raises(DatabaseAway), usable():
        raise asyncpg.CannotConnectNowError("the database system is starting up")
