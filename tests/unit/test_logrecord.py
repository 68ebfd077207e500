"""Records of the log: whatever bytes come, they are read or refused, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.errors import Rejected
from crosstie.logrecord import Headers, head_of, headers, opened
from crosstie.network.facts import DECODERS

ANN, BOB = "A" * 16, "B" * 16
CONTACT = "org.crosstie.contact.made.v1"
GOOD = headers("s", "1", CONTACT, 1_700_000_000_000_000, sealed=False)
SEALED = headers("s", "1", CONTACT, 1_700_000_000_000_000, sealed=True)
TIE = f"tie/{ANN}/{BOB}".encode()


def replaced(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(each, value if each == name else text) for each, text in GOOD]


@pytest.mark.parametrize(
    ("key", "given_headers"),
    [
        (TIE, [*GOOD, ("x", None)]),
        (TIE, [*GOOD, ("\udcff", b"1")]),
        (TIE, [*GOOD, ("x", b"\xff")]),
        (TIE, replaced("ce_id", None)),
        (TIE, replaced("ce_time", b"0001-01-01T00:00:00+23:00")),
        (TIE, replaced("ce_time", b"9999-12-31T23:59:59-23:00")),
        (TIE, replaced("ce_time", b"2026-01-01T00:00:00")),
        (TIE, SEALED),
        (None, GOOD),
        (b"tie/x", GOOD),
        (b"member/x", GOOD),
        (f"tie/{BOB}/{ANN}".encode(), GOOD),
        (f"tie/{ANN}/{ANN}".encode(), GOOD),
        (f"member/{ANN}/{BOB}".encode(), GOOD),
        (f"member/{ANN}\n".encode(), GOOD),
        (b"\xff", GOOD),
    ],
)
def test_what_ingestion_would_not_write_is_refused(
    key: bytes | None, given_headers: Headers
) -> None:
    assert head_of(TIE, b"{}", GOOD).id == "1"
    with pytest.raises(Rejected):
        head_of(key, b"{}", given_headers)


@pytest.mark.parametrize("weight", ["1e308", "-1", "0", "NaN"])
def test_numbers_that_no_row_can_hold_are_refused(weight: str) -> None:
    value = f'{{"members":["{ANN}","{BOB}"],"channel":"met","weight":{weight}}}'.encode()
    with pytest.raises(Rejected):
        opened(head_of(TIE, value, GOOD), {})


_names = st.sampled_from([name for name, _ in GOOD]) | st.text(max_size=5)
_values = st.none() | st.binary(max_size=12) | st.sampled_from([text for _, text in GOOD])
_types = st.sampled_from(sorted(DECODERS)).map(str.encode)
_keys = st.none() | st.binary(max_size=30) | st.sampled_from([TIE, f"member/{ANN}".encode()])


@given(_keys, st.none() | st.binary(max_size=40), st.lists(st.tuples(_names, _values)), _types)
def test_any_record_is_read_or_refused(
    key: bytes | None, value: bytes | None, more: list[Any], type: bytes
) -> None:
    try:
        opened(head_of(key, value, [*replaced("ce_type", type), *more]), {ANN: bytes(32)})
    except Rejected as refusal:
        str(refusal).encode()
