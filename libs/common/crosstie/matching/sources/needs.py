"""Needs and offers that share words, the rarer the better (TF-IDF), in either direction."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints, Places
from crosstie.matching.graph import strongest
from crosstie.matching.people import Items
from crosstie.matching.sources.search import Found, Search, among, foremost, masked

MOST_SHARING = 200  # items of one word that are followed
_FEW = 16  # up to one in so many words are sorted, of more it is looked up which are in use


def find(search: Search, quota: int) -> Found:
    """Who offers what they need, and who needs what they offer: `quota` of each per item."""
    needs, offers = search.people.needs, search.people.offers
    both = (answering(search, needs, offers, quota), answering(search, offers, needs, quota))
    rows, columns = zip(*both, strict=True)
    return np.concatenate(rows), np.concatenate(columns)


def answering(search: Search, wanted: Items, given: Items, quota: int) -> Found:
    """For every item of the rows, the members whose items are nearest in words: these add up."""
    items = of(wanted, search.rows)
    asked, answers = words(search, wanted.vectors[items], given)
    every = (np.arange(len(items)), wanted.owner[items])
    return foremost(search, every, asked, answers, quota, given.owner)


def of(items: Items, members: Ints) -> Ints:
    """The items of `members`."""
    first, last = items.first[members], items.first[members + 1]
    counts = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return np.asarray(starts + np.arange(counts.sum()))


def words(search: Search, asked: csr_array, given: Items) -> tuple[csr_array, csr_array]:
    """`asked` by the words in it, numbered, and by such word the entries of `given` that use it.

    Of those who are looked among. Through a word that very many use, only the items of which it is
    most are reached: it tells little, and would cost the square of its use.
    """
    used, number = _numbered(asked.indices.astype(np.int64), asked.shape[1])
    numbered = csr_array((asked.data, number, asked.indptr), shape=(asked.shape[0], len(used)))
    answers = among(given.by_word[used], search.looked_among[given.owner])
    return numbered, strongest(answers, MOST_SHARING, search.rank[given.owner])


def _numbered(words: Ints, size: int) -> tuple[Ints, Places]:
    """The words in use, ascending, and of every entry the place of its word among them."""
    used = np.unique(words) if len(words) < size // _FEW else np.flatnonzero(masked(words, size))
    return used, np.searchsorted(used, words).astype(np.int32)
