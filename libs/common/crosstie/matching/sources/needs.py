"""Needs and offers that share words, the rarer the better (TF-IDF), in either direction."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints
from crosstie.matching.graph import of_rows, strongest
from crosstie.matching.people import Items
from crosstie.matching.sources.search import Found, Search, among, foremost, reached

MOST_SHARING = 200  # items of one word that are followed


def find(search: Search, quota: int) -> Found:
    """Who offers what they need, and who needs what they offer: `quota` of each per item."""
    needs, offers = search.people.needs, search.people.offers
    both = (answering(search, needs, offers, quota), answering(search, offers, needs, quota))
    rows, columns = zip(*both, strict=True)
    return np.concatenate(rows), np.concatenate(columns)


def answering(search: Search, wanted: Items, given: Items, quota: int) -> Found:
    """For every item of the rows, the members whose items are nearest in words: these add up."""
    items = of(wanted, search.rows)
    turned = postings(search, wanted.vectors, items, given)
    asked = (items, wanted.owner[items])
    return foremost(search, asked, wanted.vectors, turned, quota, given.owner)


def of(items: Items, members: Ints) -> Ints:
    """The items of `members`."""
    first, last = items.first[members], items.first[members + 1]
    counts = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return np.asarray(starts + np.arange(counts.sum()))


def postings(search: Search, asked: csr_array, items: Ints, given: Items) -> csr_array:
    """By word of `items` the entries of `given` that use it, of those who are looked among.

    Through a word that very many use, only the items of which it is most are reached: it tells
    little, and would cost the square of its use. Words that nobody asked for are left out.
    """
    words = np.flatnonzero(reached(asked, items))
    used = among(of_rows(given.by_word, words), search.looked_among[given.owner])
    return strongest(used, MOST_SHARING, search.rank[given.owner])
