"""Texts as words: lower-cased, without the commonest English, each as a bucket of a hash."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from importlib import resources
from zlib import crc32

BUCKETS = 1 << 18
_WORD = re.compile(r"[^\W_]{3,}")
_COMMON = frozenset(
    resources.files("crosstie.matching").joinpath("common-words.txt").read_text("utf-8").split()
)


def words(text: str) -> list[str]:
    """The words of `text` in order; plural and singular fall together where a final s tells them apart."""
    return [_stem(word) for word in _found(text) if word not in _COMMON]


def buckets(text: str) -> Counter[int]:
    """How often each bucket's words occur in `text`."""
    return Counter([each for each in map(_bucket, _found(text)) if each >= 0])


def _found(text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _WORD.findall(plain.casefold())


@lru_cache(1 << 15)
def _bucket(word: str) -> int:
    """The bucket of `word`, -1 for a common one."""
    return -1 if word in _COMMON else crc32(_stem(word).encode()) % BUCKETS


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
