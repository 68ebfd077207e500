"""Needs and offers that may mean the same in other words: words used alike (`matching.kindred`)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

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
    said = wanted.vectors[items]
    return needs.answered(search, items, _in_other_words(said, search), wanted, given, MOST_SHARING)


def _in_other_words(said: csr_array, search: Search) -> csr_array:
    """The words used like those `said`, and not said."""
    meant = csr_array(said @ search.people.kindred)
    meant = csr_array(meant - meant.multiply(said.astype(np.bool_)))
    meant.eliminate_zeros()
    return meant
