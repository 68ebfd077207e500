"""Needs and offers that share words, the rarer the better (TF-IDF), in either direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints, Places
from crosstie.matching.graph import strongest
from crosstie.matching.people import Items
from crosstie.matching.sources.search import Found, Search, foremost, kept, masked

MOST_SHARING = 200  # items of one word that are followed
_FEW = 16  # up to one in so many words are sorted, of more it is looked up which are in use


@dataclass(frozen=True, slots=True)
class Words:
    """What the rows need, or offer, and what may answer it, by words that are numbered alike."""

    items: Ints  # of the rows, in their order
    asked: csr_array  # by such item
    answers: csr_array  # by word, the entries of `given`
    wanted: Items
    given: Items


def words(search: Search) -> tuple[Words, Words]:
    """Of the needs of the rows, and of their offers."""
    people = search.people
    needs, offers = people.needs, people.offers
    return between(search, needs, offers), between(search, offers, needs)


def find(search: Search, quota: int, both: tuple[Words, Words]) -> Found:
    """Who offers what they need, and who needs what they offer: `quota` of each per item."""
    rows, columns = zip(*(answering(search, each, quota) for each in both), strict=True)
    return np.concatenate(rows), np.concatenate(columns)


def answering(search: Search, words: Words, quota: int, which: Ints | None = None) -> Found:
    """For every item of the rows, or `which` of them, the members who have an item nearest in words."""
    which = np.arange(len(words.items)) if which is None else which
    asked = which, words.wanted.owner[words.items[which]]
    return foremost(search, asked, words.asked, words.answers, quota, words.given.owner)


def between(search: Search, wanted: Items, given: Items, most: int = MOST_SHARING) -> Words:
    """What the rows `wanted`, and what is `given` by those who are looked among."""
    items = of(wanted, search.rows)
    return answered(search, items, wanted.vectors[items], wanted, given, most)


def answered(
    search: Search,
    items: Ints,
    asked: csr_array,
    wanted: Items,
    given: Items,
    most: int,
) -> Words:
    """What `asked` instead of the rows' own words, an entry per item, finds among what is `given`.

    Words that nobody asked for are left out.

    Through a word that very many use, only the `most` items of which it is most are reached: it
    tells little, and would cost the square of its use.
    """
    used, number = _numbered(asked.indices.astype(np.int64), asked.shape[1])
    asked = csr_array((asked.data, number, asked.indptr), shape=(asked.shape[0], len(used)))
    answers = given.by_word[used]
    answers = kept(answers, search.looked_among[given.owner[answers.indices]])
    answers = strongest(answers, most, search.rank[given.owner])
    return Words(items, asked, answers, wanted, given)


def of(items: Items, members: Ints) -> Ints:
    """The items of `members`."""
    first, last = items.first[members], items.first[members + 1]
    counts = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return np.asarray(starts + np.arange(counts.sum()))


def _numbered(words: Ints, size: int) -> tuple[Ints, Places]:
    """The words in use, ascending, and of every entry the place of its word among them."""
    used = np.unique(words) if len(words) < size // _FEW else np.flatnonzero(masked(words, size))
    return used, np.searchsorted(used, words).astype(np.int32)
