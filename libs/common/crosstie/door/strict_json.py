"""JSON from strangers: one broken event never spoils its neighbours, and nothing is guessed.

RFC 8259 leaves room (doubled keys, lone surrogates, endless numbers); I-JSON (RFC 7493) and what
PostgreSQL can hold close it. `parsed` reads, `sound` refuses what one could not store.
"""

from __future__ import annotations

import json
import math
import re
import sys
from itertools import islice
from typing import Any

from crosstie.errors import Rejected

MOST_NESTED = 32
GREATEST_INTEGER = 2**53 - 1  # beyond, readers differ on what was meant
_INTEGERS = "-(2^53-1) to 2^53-1"
MOST_TOKENS = 300_000  # of a broken mebibyte; sound events have fewer
_SPACE = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_STRING_OR_STRUCTURE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class TooMany(Rejected):
    """More than is read at once."""


class Doubled(dict[str, Any]):
    """A JSON object that names `key` twice."""

    key: str = ""


def parsed(text: bytes) -> Any:
    """The JSON value that `text` spells. Raises Rejected where it spells none."""
    try:
        return _decoder.decode(text.decode())
    except UnicodeDecodeError as error:
        value = text[error.start : error.start + 1].hex()
        at = f"byte 0x{value} at position {error.start}"
        raise Rejected("", at, "UTF-8", "encode the text as UTF-8") from error
    except RecursionError as error:
        raise _too_deep("", "deeper nesting") from error
    except json.JSONDecodeError as error:
        if text.startswith(_BYTE_ORDER_MARK):
            limit = "JSON (RFC 8259), which begins with none"
            raise Rejected("", "a byte order mark", limit, "leave out the first 3 bytes") from error
        raise _no_json(error) from error
    except ValueError as error:
        digits = f"an integer of over {sys.get_int_max_str_digits():,} digits"
        raise Rejected("", digits, _INTEGERS, "send a smaller number") from error


def values(text: bytes, most: int = 1_000) -> list[Any]:
    """One value, or the elements of an array; each that cannot be read is a Rejected in its place.

    Raises TooMany for over `most`, unread: trying each of a million would take a minute.
    """
    try:
        whole = parsed(text)
    except Rejected as rejected:
        elements = _few(_elements(text), most)
        return [_attempted(each) for each in elements] if elements else [rejected]
    return _few(whole, most) if isinstance(whole, list) else [whole]


def lines(text: bytes, most: int = 1_000) -> list[Any]:
    """The values of NDJSON, one a line, blank lines aside; else as `values`."""
    filled = [each for each in text.split(b"\n") if each.strip(_SPACE)]
    return [_attempted(each) for each in _few(filled, most)]


def sound(value: Any) -> None:
    """Refuse what JSON readers or PostgreSQL would not keep as it is. Raises Rejected."""
    if not _is_sound(value, 0):
        _find_unsound(value, "", 0)


def _is_sound(value: Any, depth: int) -> bool:
    """The quick look, at every event; where it stands is asked for the few that fail."""
    kind = type(value)
    if kind is str:
        return not _UNSTORABLE.search(value)
    if kind is dict:
        return depth < MOST_NESTED and all(
            _UNSTORABLE.search(name) is None and _is_sound(each, depth + 1)
            for name, each in value.items()
        )
    if kind is list:
        return depth < MOST_NESTED and all(_is_sound(each, depth + 1) for each in value)
    if kind is int:
        return bool(-GREATEST_INTEGER <= value <= GREATEST_INTEGER)
    return kind is not Doubled and (kind is not float or math.isfinite(value))


def _find_unsound(value: Any, pointer: str, depth: int) -> None:
    if isinstance(value, list | dict) and depth >= MOST_NESTED:
        raise _too_deep(pointer, f"level {depth + 1}")
    if isinstance(value, Doubled):
        raise Rejected(pointer, f"two of {value.key!a}", "each name once", "send one")
    if isinstance(value, list):
        for index, each in enumerate(value):
            _find_unsound(each, f"{pointer}/{index}", depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            at = f"{pointer}/{escaped(name)}"
            _find_unsound(name, at, depth)
            _find_unsound(each, at, depth + 1)
    elif not _is_sound(value, depth):
        raise _unsound(value, pointer)


def _unsound(value: Any, pointer: str) -> Rejected:
    if isinstance(value, str):
        found = _UNSTORABLE.search(value)
        at = f"U+{ord(found[0]):04X} at character {found.start()}" if found else "none"
        limit = "text without U+0000 and lone surrogates"
        return Rejected(pointer, at, limit, "leave them out")
    if isinstance(value, int):
        shown = f"an integer of {value.bit_length()} bits"
        return Rejected(pointer, shown, _INTEGERS, "send a smaller number")
    return Rejected(pointer, str(value), "a finite number", "leave it out, or send a number")


def escaped(name: str) -> str:
    """A name as a JSON pointer spells it; lone surrogates become `?`, for errors must be sendable."""
    printable = name if name.isascii() else name.encode(errors="replace").decode()
    return printable.replace("~", "~0").replace("/", "~1")[:80]


def _no_json(error: json.JSONDecodeError) -> Rejected:
    """One character is what stood there: more of it might be somebody's words."""
    here = error.doc[error.pos : error.pos + 1]
    what = f"U+{ord(here):04X}" if here else "the end"
    at = f"{what} at line {error.lineno}, column {error.colno}"
    said = error.msg.removesuffix(" at").removesuffix(" starting")
    return Rejected("", at, "JSON (RFC 8259)", f"check it with a JSON parser; ours says: {said}")


def _too_deep(pointer: str, value: str) -> Rejected:
    return Rejected(pointer, value, f"at most {MOST_NESTED} levels deep", "flatten it")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = Doubled(found)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            doubled.key = name
        seen.add(name)
    return doubled


_decoder = json.JSONDecoder(object_pairs_hook=_unique)


def _few(found: list[Any], most: int) -> list[Any]:
    if len(found) > most:
        raise TooMany("", f"{len(found)} events", f"at most {most} events", "send fewer at once")
    return found


def _attempted(text: bytes) -> Any:
    try:
        return parsed(text)
    except Rejected as rejected:
        return rejected


def _elements(text: bytes) -> list[bytes]:
    """The elements of an array that may hold broken ones; none where brackets do not match.

    Works on bytes and without recursion, so that neither bad UTF-8 nor deep nesting stops it.
    """
    text = text.strip(_SPACE)
    if not text.startswith(b"["):
        return []
    found: list[bytes] = []
    depth = 0
    start = 1
    for token in islice(_STRING_OR_STRUCTURE.finditer(text), MOST_TOKENS):
        kind = token[0][:1]
        depth += (kind in b"[{") - (kind in b"]}")
        if depth == 0 or (depth == 1 and kind == b","):
            found.append(text[start : token.start()])
            start = token.end()
        if depth == 0:
            break
    return found if start == len(text) else []
