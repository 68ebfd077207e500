"""Random draws that are hashes, compiled: BLAKE2b (RFC 7693), of 8 bytes, of very many short texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from crosstie.matching.arrays import Draws, Ints, ranks
from crosstie.matching.blocks import in_blocks
from crosstie.matching.compiled import Compiled

_AT_ONCE = 1 << 13  # texts
_IV = (
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip
_SIGMA = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
_START = np.array(_IV, dtype=np.uint64)
_ORDER = np.array(_SIGMA + _SIGMA[:2], dtype=np.int64)
_MIXED = np.array(
    (
        (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
        (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
    ),
    dtype=np.int64,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """Who comes before whom in one round, as places in its subjects."""

    draw: Draws  # by member
    rank: Ints  # place of every member in the order of their draws
    ring: Ints  # members in that order


_last: list[tuple[int, Sequence[str], Order]] = []  # rounds and previews may each make it anew


def ordered(seed: int, subjects: Sequence[str]) -> Order:
    """The order of `subjects` by `seed`; all previews between two rounds draw the same."""
    for known, theirs, order in _last[:]:
        if known == seed and theirs is subjects:
            return order
    draw = draws(seed, "order", subjects)
    rank = ranks(draw)
    ring = np.empty(len(rank), dtype=np.int64)
    ring[rank] = np.arange(len(rank))
    order = Order(draw, rank, ring)
    _last[:] = [(seed, subjects, order)]
    return order


def draws(seed: int, purpose: str, subjects: Sequence[str]) -> Draws:
    """A number per subject that anyone can recompute: the hash of (seed, purpose, subject)."""
    start = np.frombuffer(f"{seed}/{purpose}/".encode(), dtype=np.uint8)
    texts, ends = _written(tuple(subjects))

    def hashes(part: slice) -> Draws:
        mine = ends[part.start : part.stop + 1]
        drawn: Draws = hashed(start, texts, mine, _START, _ORDER, _MIXED)
        return drawn

    return np.concatenate(
        [np.empty(0, dtype=np.uint64), *in_blocks(hashes, len(subjects), _AT_ONCE)]
    )


@lru_cache(maxsize=2)  # the same people draw in every round
def _written(subjects: tuple[str, ...]) -> tuple[Any, Ints]:
    """Their bytes one after another, and where each ends, from 0 on."""
    written = [subject.encode() for subject in subjects]
    ends = np.array([0, *accumulate(map(len, written))], dtype=np.int64)
    return np.frombuffer(b"".join(written), dtype=np.uint8), ends


def _hashed(start: Any, texts: Any, ends: Any, iv: Any, order: Any, mixed: Any) -> Any:
    """The first 8 bytes of the hash of `start` and each text: text i is texts[ends[i]:ends[i + 1]]."""
    found = np.empty(len(ends) - 1, np.uint64)
    block = np.empty(128, np.uint8)
    m = np.empty(16, np.uint64)
    v = np.empty(16, np.uint64)
    h = np.empty(8, np.uint64)
    one, eight = np.uint64(1), np.uint64(8)
    for i in range(len(found)):
        length = len(start) + ends[i + 1] - ends[i]
        h[:] = iv
        h[0] ^= np.uint64(0x01010008)  # 8 bytes, no key
        done = 0
        while True:
            size = min(length - done, 128)
            for k in range(128):
                place = done + k
                if k >= size:
                    block[k] = 0
                elif place < len(start):
                    block[k] = start[place]
                else:
                    block[k] = texts[ends[i] + place - len(start)]
            done += size
            for k in range(16):
                word = np.uint64(0)
                for j in range(7, -1, -1):
                    word = (word << eight) | np.uint64(block[8 * k + j])
                m[k] = word
            v[:8] = h
            v[8:] = iv
            v[12] ^= np.uint64(done)
            if done == length:
                v[14] = ~v[14]
            for n in range(12):
                for g in range(8):
                    a, b, c, d = mixed[g, 0], mixed[g, 1], mixed[g, 2], mixed[g, 3]
                    v[a] = v[a] + v[b] + m[order[n, 2 * g]]
                    x = v[d] ^ v[a]
                    v[d] = (x >> np.uint64(32)) | (x << np.uint64(32))
                    v[c] = v[c] + v[d]
                    x = v[b] ^ v[c]
                    v[b] = (x >> np.uint64(24)) | (x << np.uint64(40))
                    v[a] = v[a] + v[b] + m[order[n, 2 * g + 1]]
                    x = v[d] ^ v[a]
                    v[d] = (x >> np.uint64(16)) | (x << np.uint64(48))
                    v[c] = v[c] + v[d]
                    x = v[b] ^ v[c]
                    v[b] = (x >> np.uint64(63)) | (x << one)
            for k in range(8):
                h[k] ^= v[k] ^ v[k + 8]
            if done == length:
                break
        found[i] = h[0]
    return found


hashed = Compiled(_hashed)
