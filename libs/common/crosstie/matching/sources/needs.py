"""Needs and offers that share words, the rarer the better (TF-IDF), in either direction."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints
from crosstie.matching.graph import strongest
from crosstie.matching.people import Items
from crosstie.matching.sources.search import Found, Search, foremost, kept, reached

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
    turned, theirs = postings(search, wanted.vectors, items, given)
    asked = (items, wanted.owner[items])
    return foremost(search, asked, wanted.vectors, turned, quota, given.owner[theirs])


def of(items: Items, members: Ints) -> Ints:
    """The items of `members`."""
    first, last = items.first[members], items.first[members + 1]
    counts = last - first
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return np.asarray(starts + np.arange(counts.sum()))


def postings(search: Search, asked: csr_array, items: Ints, given: Items) -> tuple[csr_array, Ints]:
    """By word of `items` the entries of `given` that use it, and which those are.

    Through a word that very many use, only the items of which it is most are reached: it tells
    little, and would cost the square of its use. Words that nobody asked for are left out.
    """
    theirs = np.flatnonzero(search.looked_among[given.owner])
    vectors = given.vectors if len(theirs) == len(given.owner) else given.vectors[theirs]
    used = kept(vectors, reached(asked, items)[vectors.indices])
    turned = csr_array(used.T)
    return strongest(turned, MOST_SHARING, search.rank[given.owner[theirs]]), theirs
