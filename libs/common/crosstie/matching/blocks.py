"""Work on very many things in blocks, on all cores: less memory, the same result on any number."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

BLOCK = 1 << 16  # pairs: their columns stay near the core that works on them
MOST_THREADS = 8

T = TypeVar("T")


def in_blocks(work: Callable[[slice], T], length: int, block: int = BLOCK) -> list[T]:
    """`work` of every block of `length` things, in their order; it lets go of Python's lock."""
    blocks = [slice(start, min(start + block, length)) for start in range(0, length, block)]
    threads = min(os.cpu_count() or 1, MOST_THREADS, len(blocks))
    if threads <= 1:
        return [work(each) for each in blocks]
    with ThreadPoolExecutor(threads, thread_name_prefix="block") as pool:
        return list(pool.map(work, blocks))
