"""Header names that are not UTF-8: Kafka takes them, aiokafka 0.14 never gets past them.

Its consumer raises UnicodeDecodeError at such a record, forever, for every partition it has: one
hostile record would close the door for all platforms, or end every worker of profile. `tolerate`
has this process read such names with surrogate escapes; tests/services/test_ingestion_inbox.py and
test_profile_faults.py show that it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

_PurePython: Any = _DefaultRecordBatchPy
_Splitting: Any = _MemoryRecordsPy


def tolerate() -> None:
    """From now on aiokafka's consumers of this process read every record that a broker takes."""
    fetcher.MemoryRecords = _Records


class _Records(_Splitting):  # type: ignore[misc]
    """Batches of a fetch, each with its bytes at hand."""

    def next_batch(self) -> Any:
        piece = self._next_slice
        batch = super().next_batch()
        return None if batch is None else _Batch(batch, piece)


class _Batch:
    """A batch as aiokafka's fast code reads it, or else as its slow code does, leniently."""

    def __init__(self, batch: Any, piece: Any) -> None:
        self._batch = batch
        self._piece = piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_LenientBatch(self._piece))


class _LenientBatch(_PurePython):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _LenientBytes(self._buffer)  # type: ignore[has-type]


class _LenientBytes(bytearray):
    """Bytes whose slices decode to text whatever they hold."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _LenientBytes(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)
