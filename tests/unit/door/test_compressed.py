"""Compressed bodies: whole, in parts, broken, and those that would grow without end."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.door.compressed import MOST_PARTS, TooLarge, opened
from crosstie.errors import Rejected
from tests.unit.door.packed import PACK

MOST = 1024 * 1024
each = pytest.mark.parametrize("encoding", PACK)


@each
@given(parts=st.lists(st.binary(max_size=100), min_size=1, max_size=MOST_PARTS))
def test_parts_in_a_row_are_one_body(encoding: str, parts: list[bytes]) -> None:
    packed = b"".join(map(PACK[encoding], parts))
    assert opened(packed, encoding, MOST) == b"".join(parts)


@each
@given(body=st.binary(max_size=100))
def test_what_is_no_such_body_is_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(Rejected):
        opened(b"not " + body, encoding, MOST)


@each
def test_what_is_cut_off_anywhere_is_refused(encoding: str) -> None:
    packed = PACK[encoding](bytes(range(256)))
    for length in range(len(packed)):
        with pytest.raises(Rejected):
            opened(packed[:length], encoding, MOST)


@each
def test_the_limit_is_what_comes_out_and_no_more_is_made_of_it(encoding: str) -> None:
    assert len(opened(PACK[encoding](bytes(MOST)), encoding, MOST)) == MOST
    bomb = PACK[encoding](bytes(200 * MOST))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="at most 1048576 bytes once opened"):
            opened(bomb, encoding, MOST)
        assert tracemalloc.get_traced_memory()[1] < 8 * MOST
    finally:
        tracemalloc.stop()


@each
def test_parts_that_hold_nothing_are_bounded_too(encoding: str) -> None:
    empty = PACK[encoding](b"")
    assert opened(empty * MOST_PARTS, encoding, MOST) == b""
    with pytest.raises(Rejected, match="parts in a row"):
        opened(empty * (MOST_PARTS + 1), encoding, MOST)


def test_a_window_over_8_mib_is_refused() -> None:
    header = b"\x28\xb5\x2f\xfd\x00" + bytes([(28 - 10) << 3])  # RFC 8878, 3.1.1: 2^28 bytes
    with pytest.raises(Rejected, match="zstd"):
        opened(header + b"\x01\x00\x00", "zstd", MOST)
