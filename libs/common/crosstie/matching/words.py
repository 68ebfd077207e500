"""Texts as words: lower-cased, without the commonest English, each as a bucket of a hash."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from importlib import resources
from zlib import crc32

BUCKETS = 1 << 18
_WORD = re.compile(r"[^\W_]{3,}")
_COMMON = frozenset(
    resources.files("crosstie.matching").joinpath("common-words.txt").read_text("utf-8").split()
)


def words(text: str) -> list[str]:
    """The words of `text` in order; plural and singular fall together where a final s tells them apart."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [_stem(word) for word in _WORD.findall(plain) if word not in _COMMON]


def buckets(text: str) -> Counter[int]:
    """How often each bucket's words occur in `text`."""
    return Counter(crc32(word.encode()) % BUCKETS for word in words(text))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
