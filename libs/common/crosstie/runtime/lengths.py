"""What is wrong with the Content-Length of a request, in words that say what to send instead.

h11 refuses most of it with the rest of the head, and says no more than that the request is none.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosstie.errors import shown

_MOST_DIGITS = 20  # h11 reads no more
_MOST_SHOWN = 40


def said(head: bytes) -> list[bytes]:
    """Every Content-Length in the head of a request, as it came; none of a line that is cut short."""
    found = []
    for line in head.lstrip(b"\r\n").split(b"\n")[1:-1]:
        name, _, value = line.rstrip(b"\r").partition(b":")
        if not name:
            break  # the head is over
        if name.lower() == b"content-length":
            found.append(value)
    return found


def wrong(lengths: Iterable[bytes], most: int) -> tuple[int, str] | None:
    """Status and words for what these say, None where a body of so many bytes may come.

    The same length twice is one length (RFC 9110, section 8.6).
    """
    values = list(dict.fromkeys(part.strip() for each in lengths for part in each.split(b",")))
    if not values:
        return None
    if len(values) > 1:
        named = " and ".join(shown(each.decode("latin-1")) for each in values[:2])
        return (
            400,
            f"Content-Length is {named} in one request, must be one number; send one of them",
        )
    (value,) = values
    text = shown(value.decode("latin-1"))
    if not value.isdigit():
        return 400, f"Content-Length is {text}, must be the body's bytes in digits, 0 to {most}"
    digits = value.lstrip(b"0").decode() or "0"
    if len(digits) > _MOST_DIGITS or int(digits) > most:
        cut = f"{digits[:_MOST_SHOWN]}… ({len(digits)} digits)"
        size = digits if len(digits) <= _MOST_SHOWN else cut
        return 413, f"Content-Length is {size} bytes, at most {most}; send less at once"
    if len(value) > _MOST_DIGITS:
        digits = f"{len(value)} digits, at most {_MOST_DIGITS}"
        return 400, f"Content-Length is {text}, of {digits}; leave out the noughts before it"
    return None
