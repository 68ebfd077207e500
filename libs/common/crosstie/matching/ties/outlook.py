"""All that scoring a list asks of a whole network, gathered in one pass: by tie, by member, by group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosstie.matching.arrays import Floats, Ints, Places
from crosstie.matching.entries import both_ways
from crosstie.matching.ties.activity import RECENT
from crosstie.matching.ties.gathering import counted, gathered
from crosstie.matching.ties.groups import PEOPLE, groups
from crosstie.matching.ties.history import UNKNOWN, History
from crosstie.matching.ties.names import GROUPED

OUT, INTO, NEW, ALIVE = 1, 2, 4, 16  # flags; of NEW and ALIVE one bit for each of RECENT

Marks = NDArray[np.uint8]
Singles = NDArray[np.float32]


class Outlook(NamedTuple):
    """Rows of ties (entries of member i are pointer[i] to pointer[i + 1]), sums, tables of groups."""

    pointer: Places
    to: Places
    weight: Floats  # ln(1 + contacts), of every entry
    marks: Marks
    sums: Floats  # by member, the columns of SUMS
    codes: Places  # by member and attribute of GROUPED
    sector: Ints
    level: Ints
    manager: Ints
    report_pointer: Places
    report_to: Places
    width: Ints  # groups of each attribute
    first: Ints  # of an attribute, in lists of groups
    cell: Ints  # of an attribute, in tables of group and group
    between: Floats  # by kind (ties, contacts) and cell; the rest alike
    density: Floats
    excess: Floats
    usual: Floats
    share: Floats  # by kind and group
    known: Floats  # by kind, member and attribute: ties with people whose group is known
    # of member and attribute (member x attributes + attribute) the groups they have ties with:
    group_pointer: Ints
    group: Places  # ascending
    group_ties: Singles
    group_contacts: Singles

    @property
    def timed(self) -> bool:
        """Some ties are older than others."""
        return bool(self.sums[:, SUMS.index("latest")].any())


SUMS = (
    "ties", "strength", "squares", "inside", "starts", "receives", "latest",
    "new-0.1", "new-0.3", "alive-0.1", "alive-0.3",
)  # fmt: skip


def outlook(history: History) -> Outlook:
    """The outlook of `history`."""
    size = len(history.who)
    pointer, to, tie = both_ways(history.a, history.b, size)
    logs = np.log1p(history.contacts)
    codes, width = _codes(history)
    first = np.concatenate([[0], np.cumsum(width)[:-1]]).astype(np.int64)
    cell = np.concatenate([[0], np.cumsum(width * width)[:-1]]).astype(np.int64)
    between = np.zeros((2, int((width * width).sum())))
    sums, known = np.zeros((size, len(SUMS))), np.zeros((2, size, len(GROUPED)))
    sector = history.who.codes["sector"]
    weight, flags = gathered(
        pointer, to, tie, logs, history.by_a, history.by_b, _recent(history), sector,
        codes, width, cell, between, sums, known,
    )  # fmt: skip
    sums[:, SUMS.index("latest")] = _latest(history)
    report_pointer, report_to = _reports(history.who.manager)
    tables = [
        _tables(codes[:, t], int(width[t]), between[:, cell[t] : cell[t] + width[t] ** 2], sums)
        for t in range(len(width))
    ]
    density, excess, usual, share = (
        np.concatenate([each[part] for each in tables], axis=1) for part in range(4)
    )
    return Outlook(
        pointer, to, weight, flags, sums, codes, sector, history.who.level, history.who.manager,
        report_pointer, report_to, width, first, cell, between, density, excess, usual, share,
        known, *counted(pointer, to, weight, codes, width),
    )  # fmt: skip


def _recent(history: History) -> Marks:
    """Of every tie the marks NEW and ALIVE."""
    marks = np.zeros(len(history), dtype=np.uint8)
    if history.timed:
        for place, share in enumerate(RECENT):
            moment = history.moment_after(1 - share)
            marks |= ((history.first >= moment) * (NEW << place)).astype(np.uint8)
            marks |= ((history.last >= moment) * (ALIVE << place)).astype(np.uint8)
    return marks


def _latest(history: History) -> Floats:
    """By member, when a tie was last alive: the share of all contacts there was by then; 0: never."""
    latest, found = np.full(len(history.who), -1, dtype=np.int64), np.zeros(len(history.who))
    if history.timed:
        np.maximum.at(latest, history.a, history.last)
        np.maximum.at(latest, history.b, history.last)
        known = latest >= 0
        found[known] = history.share_by(latest[known])
    return found


def _codes(history: History) -> tuple[Places, Ints]:
    """By member and attribute of GROUPED, and how many groups each has; none where all are alike."""
    found = groups(history)
    codes = np.full((len(history.who), len(GROUPED)), UNKNOWN, dtype=np.int32)
    width = np.zeros(len(GROUPED), dtype=np.int64)
    for place, attribute in enumerate(GROUPED):
        if attribute in found:
            codes[:, place] = found[attribute]
            width[place] = found[attribute].max() + 1
    return codes, width


def _reports(manager: Ints) -> tuple[Places, Places]:
    led = np.flatnonzero(manager >= 0)
    order = led[np.argsort(manager[led], kind="stable")]
    counts = np.bincount(manager[led], minlength=len(manager))
    pointer = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pointer, order.astype(np.int32)


def _tables(code: Places, width: int, between: Floats, sums: Floats) -> tuple[Floats, ...]:
    """Density, excess and what is usual, by kind and cell, and shares by kind and group.

    As in `groups`; kinds are ties and the logarithm of contacts.
    """
    known, size = np.flatnonzero(code >= 0), len(code)
    people = np.bincount(code[known], minlength=width).astype(np.float64)
    possible = np.outer(people, people) - np.diag(people)
    found: list[tuple[Floats, ...]] = []
    for kind in range(2):
        flow, degree = between[kind].reshape(width, width), sums[:, kind]
        total = max(degree.sum(), 1e-9)
        base = max(total / max(size * (size - 1), 1), 1e-12)
        of_group = np.bincount(code[known], weights=degree[known], minlength=width)
        density = np.log((flow + PEOPLE * base) / (possible + PEOPLE) / base)
        excess = np.log((flow + 2) / (np.outer(of_group, of_group) / total + 2))
        usual = flow / np.maximum(flow.sum(axis=1, keepdims=True), 1)
        share = np.maximum(of_group / max(of_group.sum(), 1e-9), 1e-9)
        found.append((density.ravel(), excess.ravel(), usual.ravel(), share))
    return tuple(np.array(each) for each in zip(*found, strict=True))
