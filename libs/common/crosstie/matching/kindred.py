"""Words used alike, though not the same: near in a truncated SVD of the texts they stand in.

Latent semantic analysis: Deerwester et al., Indexing by latent semantic analysis, JASIS 41 (1990).
Only what several people wrote is looked at: of words, and of two words in one text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.words import buckets
from crosstie.network.view import Network

MOST_PEOPLE = 20_000  # whose texts are read: of more, evenly many over the order of subjects
MOST_WORDS = 4_000  # the most used
LEAST_PEOPLE = 5  # who used a word, or both of two
FACTORS = 64  # of few words, one for every WORDS_PER_FACTOR
WORDS_PER_FACTOR = 4
LEAST_LIKENESS = 0.5  # cosine
MOST_ALIKE = 2  # words a word stands for
HUNDREDTHS = 100
_AT_ONCE = 500  # words compared with all

Kindred = Mapping[int, Mapping[int, int]]  # word -> words used alike, hundredths; both ascending


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts as words, each bucket once a text, without the words of the place of who wrote it."""

    person: Ints  # by text
    lengths: Ints  # by text
    words: Ints  # of one text after another


def corpus(network: Network) -> Corpus:
    """The needs and offers of at most MOST_PEOPLE people of `network`."""
    step = max(-(-len(network.subjects) // MOST_PEOPLE), 1)
    texts = [
        (number, words)
        for number, subject in enumerate(islice(network.subjects, 0, None, step))
        for words in _texts(network, subject)
    ]
    return Corpus(
        person=_ints([number for number, _ in texts]),
        lengths=_ints([len(words) for _, words in texts]),
        words=_ints([word for _, words in texts for word in words]),
    )


def kindred(texts: Corpus) -> dict[int, dict[int, int]]:
    """The words of `texts` used like others, and which those are."""
    words, uses = _uses(texts)
    if len(words) < 2 * WORDS_PER_FACTOR:
        return {}
    together = _together(uses, texts.person)
    near = _nearest(_factors(together), csr_array(together > 0).astype(np.int64))
    return {
        int(words[one]): {int(words[other]): likeness for other, likeness in sorted(found)}
        for one, found in near
        if found
    }


def _texts(network: Network, subject: str) -> Iterator[list[int]]:
    member = network.members[subject]
    said = (*member.needs.values(), *member.offers.values())
    here = buckets(member.place or "").keys() if said else ()
    yield from (sorted(buckets(text).keys() - here) for text in said)


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _uses(texts: Corpus) -> tuple[Ints, csr_array]:
    """The words that enough people used, ascending, and 1 where a text has one."""
    text = np.repeat(np.arange(len(texts.lengths)), texts.lengths)
    used = np.unique(np.column_stack([texts.words, texts.person[text]]), axis=0)[:, 0]
    words, people = np.unique(used, return_counts=True)
    order = np.lexsort((words, -people))[:MOST_WORDS]
    words = np.sort(words[order[people[order] >= LEAST_PEOPLE]])
    kept = np.flatnonzero(np.isin(texts.words, words))
    place = np.searchsorted(words, texts.words[kept])
    shape = (len(texts.lengths), len(words))
    return words, csr_array((np.ones(len(kept)), (text[kept], place)), shape=shape)


def _together(uses: csr_array, person: Ints) -> csr_array:
    """How much two words stand in the same texts (TF-IDF, texts of one length), where enough used both."""
    rarity = np.log((1 + uses.shape[0]) / (1 + uses.sum(axis=0))) + 1
    weights = csr_array(uses.multiply(rarity[np.newaxis]))
    length = np.sqrt(weights.multiply(weights).sum(axis=1))
    weights = csr_array(weights.multiply(1 / np.maximum(length, 1e-12)[:, np.newaxis]))
    texts = np.arange(len(person))
    of = csr_array((np.ones(len(person)), (person, texts)))
    people = csr_array((of @ uses > 0).astype(np.int64))
    enough = csr_array((people.T @ people) >= LEAST_PEOPLE)
    return csr_array((weights.T @ weights).multiply(enough))


def _factors(together: csr_array) -> Floats:
    """A row per word, of length 1, or 0 where there is nothing of it in the factors."""
    from sklearn.decomposition import (  # noqa: PLC0415  late: only who fits a base needs it
        TruncatedSVD,
    )

    number = min(FACTORS, together.shape[0] // WORDS_PER_FACTOR)
    svd = TruncatedSVD(number, algorithm="arpack", random_state=0)
    placed = svd.fit_transform(together) / np.sqrt(np.maximum(svd.singular_values_, 1e-12))
    length = np.sqrt((placed * placed).sum(axis=1, keepdims=True))
    return np.asarray(np.where(length > 1e-9, placed / np.maximum(length, 1e-9), 0.0))


def _nearest(placed: Floats, company: csr_array) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Of every word, the MOST_ALIKE of greatest cosine, in hundredths; of equals the earlier.

    Only of words that stand together, or with a same third: few factors bring others near by chance.
    """
    for start in range(0, len(placed), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        cosines = np.rint(HUNDREDTHS * placed[part] @ placed.T).astype(np.int64)
        cosines[(company[part] @ company.T).toarray() == 0] = 0
        for place, likeness in enumerate(cosines):
            likeness[start + place] = 0
            best = np.argsort(-likeness, kind="stable")[:MOST_ALIKE].tolist()
            found = [(each, int(likeness[each])) for each in best]
            yield start + place, [pair for pair in found if pair[1] >= HUNDREDTHS * LEAST_LIKENESS]
