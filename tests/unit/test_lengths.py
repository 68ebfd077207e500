"""What a Content-Length says wrongly is answered with its value, what it may be, and what to do."""

from __future__ import annotations

import asyncio
import json

import pytest

from crosstie.runtime import connections
from crosstie.runtime.lengths import said, wrong
from crosstie.runtime.limits import MOST_BODY_BYTES
from tests.unit.test_connections import HEAD, WHOLE, connected
from tests.unit.test_connections import port as port

THIRTY = "1" + "0" * 29
NOUGHTS = f'Content-Length is "{"0" * 29}2"'
WRONG = {
    "-1": (400, 'Content-Length is "-1", must be the body\'s bytes in digits, 0 to 1048576'),
    "+5": (400, 'Content-Length is "+5", must be the body\'s bytes in digits, 0 to 1048576'),
    "0x10": (400, 'Content-Length is "0x10", must be the body\'s bytes in digits, 0 to 1048576'),
    "": (400, 'Content-Length is "", must be the body\'s bytes in digits, 0 to 1048576'),
    "1e3": (400, 'Content-Length is "1e3", must be the body\'s bytes in digits, 0 to 1048576'),
    "5, 6": (
        400,
        'Content-Length is "5" and "6" in one request, must be one number; send one of them',
    ),
    "1048577": (413, "Content-Length is 1048577 bytes, at most 1048576; send less at once"),
    THIRTY: (413, f"Content-Length is {THIRTY} bytes, at most 1048576; send less at once"),
    "9" * 5_000: (
        413,
        f"Content-Length is {'9' * 40}… (5000 digits) bytes, at most 1048576; send less at once",
    ),
    "0" * 29 + "2": (400, f"{NOUGHTS}, of 30 digits, at most 20; leave out the noughts before it"),
}


@pytest.mark.parametrize("before", [b"", WHOLE], ids=["first", "second"])
@pytest.mark.parametrize("value", WRONG, ids=lambda value: value[:30])
async def test_a_wrong_length_is_answered_with_what_is_wrong(
    port: int, before: bytes, value: str
) -> None:
    status, detail = WRONG[value]
    async with connected(port) as client:
        client.say(before + HEAD + f"Content-Length: {value}\r\n\r\n".encode())
        if before:
            assert b" 200 " in await client.answer()
        answer = await client.answer()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"detail": detail}


async def test_two_lengths_that_differ_are_both_named(port: int) -> None:
    async with connected(port) as client:
        client.say(HEAD + b"Content-Length: 5\r\ncontent-length:6\r\n\r\nhello!")
        answer = await client.answer()
    assert b" 400 " in answer
    assert b'Content-Length is \\"5\\" and \\"6\\" in one request' in answer


async def test_the_same_length_twice_is_one_and_so_is_a_long_body_just_at_the_limit(
    port: int,
) -> None:
    async with connected(port) as client:
        client.say(HEAD + b"Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nhi")
        assert b" 200 " in await client.answer()
        client.say(HEAD + f"Content-Length: {MOST_BODY_BYTES}\r\n\r\n".encode())
        client.say(bytes(MOST_BODY_BYTES))
        assert b" 200 " in await client.answer()


async def test_what_is_no_request_at_all_is_still_called_that(port: int) -> None:
    async with connected(port) as client:
        client.say(b"hello\r\nContent-Length: 2\r\n\r\n")
        answer = await client.answer()
    assert b" 400 " in answer
    assert b"this is no HTTP/1.1 request" in answer


def test_only_the_head_is_looked_through() -> None:
    head = b"\r\nPOST / HTTP/1.1\r\nA: b\r\nCONTENT-Length:\t7 \r\n\r\nContent-Length: 8\r\n"
    assert [each.strip() for each in said(head)] == [b"7"]
    assert said(b"") == said(b"GET / HTTP/1.1") == []


def test_a_length_that_is_cut_short_says_nothing() -> None:
    assert said(b"POST / HTTP/1.1\r\nContent-Length: 7\r\nContent-Length: -") == [b" 7"]


async def test_what_is_beyond_the_most_that_a_head_may_have_is_not_looked_through(
    port: int,
) -> None:
    too_much = b"X: " + b"x" * connections.MOST_HEAD_BYTES + b"\r\n"
    async with connected(port) as client:
        client.say(HEAD + too_much + b"Content-Length: -1\r\n\r\n")
        answer = await client.answer()
    assert b" 400 " in answer
    assert b"or its head is over 32768 bytes" in answer


async def test_nothing_of_a_head_is_kept_while_its_request_is_in_hand(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[connections.Connection]()
    make = connections.Connection.connection_made

    def kept(connection: connections.Connection, transport: asyncio.Transport) -> None:
        made.append(connection)
        make(connection, transport)

    monkeypatch.setattr(connections.Connection, "connection_made", kept)
    async with connected(port) as client:
        client.say(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert b" 100 " in await client.reader.readuntil(b"\r\n\r\n")
        (connection,) = made
        assert not [each for each in vars(connection).values() if isinstance(each, bytes) and each]


def test_what_is_no_text_is_shown_as_far_as_it_can_be() -> None:
    assert wrong([b"\xff\x00" * 500], MOST_BODY_BYTES) is not None
    assert wrong([], MOST_BODY_BYTES) is None
