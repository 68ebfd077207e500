"""Needs and offers that may mean the same in other words: words used alike (`matching.kindred`)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import contains
from crosstie.matching.people import Items
from crosstie.matching.sources import needs
from crosstie.matching.sources.needs import Words
from crosstie.matching.sources.search import NOBODY, Found, Search

MOST_SHARING = 25  # items of one word that are followed: other words than said are many


def find(search: Search, quota: int) -> Found:
    """Whose items are nearest to what a row's would be in other words: `quota` of each per item."""
    people = search.people
    if quota == 0 or people.kindred.nnz == 0:
        return NOBODY
    return needs.find(
        search,
        quota,
        (_meant(search, people.needs, people.offers), _meant(search, people.offers, people.needs)),
    )


def _meant(search: Search, wanted: Items, given: Items) -> Words:
    items = needs.of(wanted, search.rows)
    asked = _in_other_words(wanted.vectors[items], search.people.kindred)
    return needs.answered(search, items, asked, wanted, given, MOST_SHARING)


def _in_other_words(said: csr_array, kindred: csr_array) -> csr_array:
    """The words used like those `said`, and not said: a word once for every one that it is like.

    By entry: a product of matrices as wide as all words would cost more than what is asked.
    """
    size, width = said.shape
    item = np.repeat(np.arange(size), np.diff(said.indptr))
    first = kindred.indptr[said.indices].astype(np.int64)
    counts = kindred.indptr[said.indices + 1] - first
    entry = np.repeat(np.arange(len(counts)), counts)
    place = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(len(entry))
    mine, words = item[entry], kindred.indices[place]
    other = ~contains(np.sort(item * width + said.indices), mine * width + words)
    ends = np.concatenate([[0], np.cumsum(np.bincount(mine[other], minlength=size))])
    values = said.data[entry] * kindred.data[place]
    return csr_array((values[other], words[other], ends.astype(np.int32)), shape=said.shape)
