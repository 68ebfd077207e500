"""The CSV files of a set, line by line; what is wrong with one is said by file and line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from crosstie.errors import Misconfigured, shown

Line = tuple[int, dict[str, str]]  # where it begins, 1 is the header; fields by column


def lines(path: Path, columns: Sequence[str]) -> Iterator[Line]:
    """The lines of `path` but blank ones; what a short one lacks is "".

    Raises Misconfigured where it cannot be read, lacks a column, or a line has more fields than names.
    """
    reader = csv.reader(io.StringIO(text(path), newline=""), strict=True)
    header: list[str] | None = None
    begins = 1
    try:
        for row in reader:
            if any(field.strip() for field in row):
                if header is None:
                    header = _header(path, row, columns)
                elif any(row[len(header) :]):
                    raise Misconfigured(
                        f"line {begins} of {path} has {len(row)} fields, must be {len(header)} as in "
                        'the header; put fields that hold commas in "quotes"'
                    )
                else:
                    fields = row + [""] * (len(header) - len(row))
                    yield begins, dict(zip(header, fields, strict=False))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Misconfigured(f"line {begins} of {path} is no CSV: {error}") from error
    if header is None:
        raise Misconfigured(f"{path} is empty, must have a header with {', '.join(columns)}")


def text(path: Path) -> str:
    """What `path`, packed or not, says, a byte order mark left out. Raises Misconfigured."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Misconfigured(
            f"line {line} of {path} is not UTF-8 ({error.reason}); save the file as UTF-8"
        ) from error


def _header(path: Path, names: list[str], columns: Sequence[str]) -> list[str]:
    lacking = [each for each in columns if each not in names]
    if lacking:
        raise Misconfigured(
            f"{path} lacks the column {', '.join(lacking)}: its header is {shown(','.join(names))}, "
            "must be names with commas between; see docs/evaluate.md for what a set holds"
        )
    double = next((each for each in names if each and names.count(each) > 1), None)
    if double is not None:
        raise Misconfigured(f"{path} has two columns {shown(double)}; rename or drop one")
    return names
