"""JSON from strangers: what is refused, where, and that neighbours are read all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.door import strict_json
from crosstie.door.strict_json import TooMany
from crosstie.errors import Rejected

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(JSON)
def test_what_python_writes_is_read_as_it_was(value: Any) -> None:
    text = json.dumps(value).encode()
    assert json.dumps(strict_json.parsed(text)) == json.dumps(value)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    for each in (*strict_json.values(text), *strict_json.lines(text)):
        if not isinstance(each, Rejected):
            try:
                strict_json.sound(each)
            except Rejected as rejected:
                str(rejected).encode()


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"7", b'{"a": "],}"}', b"{broken}", b'"\\ud800"', b"[1,]", b"\xff"]))
)
def test_a_broken_element_never_spoils_its_neighbours(elements: list[bytes]) -> None:
    found = strict_json.values(b" [" + b" , ".join(elements) + b"] \n")
    assert len(found) == len(elements)
    for element, value in zip(elements, found, strict=True):
        assert isinstance(value, Rejected) == (element in {b"{broken}", b"[1,]", b"\xff"})


@pytest.mark.parametrize("read", [strict_json.values, strict_json.lines])
def test_a_byte_order_mark_is_named(read: Callable[[bytes], list[Any]]) -> None:
    (found,) = read(b"\xef\xbb\xbf{}")
    assert "byte order mark" in found.value
    assert "3 bytes" in found.remedy


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        (b'{"words" 1}', "U+0031 at line 1, column 10", "Expecting ':' delimiter"),
        (b'{"a":\n"words" "more"}', "U+0022 at line 2, column 9", "Expecting ',' delimiter"),
        (b'{"a": words}', "U+0077 at line 1, column 7", "Expecting value"),
        (b'{"a":', "the end at line 1, column 6", "Expecting value"),
        (b'{"a": "words', "U+0022 at line 1, column 7", "Unterminated string"),
        (b'"words\\q"', "U+005C at line 1, column 7", "Invalid \\escape"),
    ],
)
def test_of_what_is_no_json_one_character_and_its_place_are_told_and_no_words(
    text: bytes, value: str, said: str
) -> None:
    with pytest.raises(Rejected) as caught:
        strict_json.parsed(text)
    assert caught.value.value == f'"{value}"'
    assert caught.value.remedy == f"check it with a JSON parser; ours says: {said}"
    assert "words" not in str(caught.value)


def test_an_integer_of_more_digits_than_python_reads_is_too_great() -> None:
    with pytest.raises(Rejected) as caught:
        strict_json.parsed(b'{"a": ' + b"1" * 5_000 + b"}")
    assert str(caught.value) == (
        '/ is "an integer of over 4,300 digits", must be -(2^53-1) to 2^53-1; send a smaller number'
    )


@pytest.mark.parametrize(
    "text", [b"[1, 2", b"[1, 2]]", b"[1] [2]", b"", b"[}", b'["a', b'["a\\', b"{}{}"]
)
def test_when_brackets_do_not_match_the_whole_is_refused(text: bytes) -> None:
    (found,) = strict_json.values(text)
    assert isinstance(found, Rejected)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a": "x\\u0000"}', "/a"),
        ('{"a": ["ok", "\\ud800"]}', "/a/1"),
        ('{"a\\u0000": 1}', "/a\0"),
        ('{"a": 9007199254740992}', "/a"),
        ('{"a": 1e999}', "/a"),
        ('{"a": NaN}', "/a"),
        ('{"a": {"b": 1, "b": 2}}', "/a"),
        ('{"a/b~c": -Infinity}', "/a~1b~0c"),
        ("[" * 33 + "]" * 33, "/0" * 32),
    ],
)
def test_what_readers_would_not_keep_is_refused_where_it_stands(text: str, pointer: str) -> None:
    with pytest.raises(Rejected) as caught:
        strict_json.sound(strict_json.parsed(text.encode()))
    assert caught.value.pointer == pointer
    str(caught.value).encode()


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_deep_nesting_is_refused_and_its_neighbour_is_read(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    first, second = strict_json.values(b"[" + deep + b', {"id": "x"}]')
    assert isinstance(first, Rejected)
    assert second == {"id": "x"}


@pytest.mark.parametrize(
    "text",
    [b'["' + b'\\"' * 500_000, b"[" + b"[" * 1_000_000, b'["' * 300_000],
    ids=["quotes", "brackets", "both"],
)
def test_a_mebibyte_of_malice_is_refused_as_a_whole(text: bytes) -> None:
    (found,) = strict_json.values(text)
    assert isinstance(found, Rejected)


@pytest.mark.parametrize("read", [strict_json.values, strict_json.lines])
@pytest.mark.parametrize("value", [b"1", b"x"])
def test_too_many_are_not_even_tried(read: Callable[[bytes], Any], value: bytes) -> None:
    many = b"[" + b",".join([value] * 1001) + b"]"
    text = many if read is strict_json.values else many.replace(b",", b"\n")
    with pytest.raises(TooMany):
        read(text)
