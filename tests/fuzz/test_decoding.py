"""The decoders on what hypothesis and the campaign's generators think of."""

from __future__ import annotations

import random

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.decoding import decode
from tests.fuzz.events import event_text
from tests.fuzz.records import record

SEEDED = 1_500


@given(data=st.binary(max_size=300))
@example(data=b"")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    decode(data)


def test_spoiled_events_and_records_are_read_or_refused() -> None:
    for number in range(SEEDED):
        rng = random.Random(number)
        written = record(rng, number)
        lines = [name.encode() + b":" + (value or b"") for name, value in written.headers]
        decode(b"\n".join([*lines, written.value or b""]))
        decode(event_text(rng, number))
