"""Which event types may be meant by a name that is none: by the words they share, at the cost of a look-up.

A door meets wrong types by the thousand, so no two texts are compared letter by letter.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import takewhile

from crosstie.events import EVENT_TYPES

MOST = 3
_LOOKED_AT = 100  # characters of a name that may be as long as a request
_WORD = re.compile(r"[a-z]+")
_OF_ALL = {"org", "crosstie", "v"}
_BY_WORD: dict[str, list[str]] = {}
for _name in EVENT_TYPES:
    for _word in set(_WORD.findall(_name)) - _OF_ALL:
        _BY_WORD.setdefault(_word, []).append(_name)


def nearest(name: str) -> list[str]:
    """Those that share most words with `name` and then most of its beginning; none where many do."""
    name = name[:_LOOKED_AT].lower()
    shared = Counter(each for word in set(_WORD.findall(name)) for each in _BY_WORD.get(word, ()))
    scored = {each: (n, _alike(name, each)) for each, n in shared.items()}
    best = [each for each, score in scored.items() if score == max(scored.values())]
    return best if len(best) <= MOST else []


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False)))
