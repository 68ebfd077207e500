"""Committed offsets asked for in the version whose refusals aiokafka 0.14 reads.

From version 2 on a coordinator that just loads its groups, or is none any more, says so beside the
offsets; aiokafka looks only among them, finds none, and takes the group for one that never
committed: an inbox is then read again from its beginning. In version 1 it is said of every
partition, and aiokafka asks again. tests/unit/test_plain_offsets.py shows that this is needed.
"""

from __future__ import annotations

from typing import Any

from aiokafka.protocol import commit


def ask_plainly() -> None:
    """From now on aiokafka's consumers of this process ask so."""
    request: Any = commit.OffsetFetchRequest
    request._CLASSES = (commit.OffsetFetchRequest_v1,)  # noqa: SLF001  no argument says so
