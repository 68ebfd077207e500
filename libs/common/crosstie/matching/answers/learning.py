"""What a model is made of answers, and which: each is tried on answers later than it learned from.

Rules, logistic and trees foretell the later blocks of time in turn. The simplest stands that is within
one standard error of the best. How logistic and trees are mixed and calibrated is learned from those
foretold answers too; then both learn from all. A model is replaced only by one that is no worse on
answers that neither had learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from crosstie.matching.answers import logistic, sectors, trees
from crosstie.matching.answers.features import NAMES, UNIT, VERSION, Seen
from crosstie.matching.answers.lessons import Lesson
from crosstie.matching.answers.model import AnswerModel, Level, Linear, Trees
from crosstie.matching.answers.predict import accepting_odds, chance, grown, linear
from crosstie.matching.arrays import Bools, Floats, Ints

LEAST = 20  # answers, to learn anything
LEAST_FOR_TREES = 300
LEAST_NEW = 50  # answers, to judge whether a model in place is to be replaced
MOST = 400_000  # answers; the latest
CUTS = (0.4, 0.6, 0.8)  # shares of the answers after which the next block is foretold
PRECISIONS = (3.0, 10.0, 30.0, 100.0, 300.0)
OLDER = 0.3  # what is foretold of a block counts so much of the one after it, to calibrate
MIX_HELD = 20.0  # precision with which the mix is held near the line alone
MEETING, MEETING_HELD = 0.7, 3.0  # the rate believed beforehand, and so many meetings it weighs


@dataclass(frozen=True, slots=True)
class Taught:
    """Answers in the order they became known: what was seen, and whether it was a yes."""

    seen: Seen
    yes: Bools
    known_at: Ints

    def __len__(self) -> int:
        return len(self.yes)

    def __getitem__(self, part: slice) -> Taught:
        return Taught(self.seen[part], self.yes[part], self.known_at[part])


def answered(lessons: Sequence[Lesson]) -> Taught:
    """Those of `lessons` that tell whether someone accepts."""
    told = [each for each in lessons if each.what == "answered" and _readable(each)]
    return _taught([each.seen[0] for each in told], told)


def meetings(lessons: Sequence[Lesson]) -> Taught:
    """Those of `lessons` that tell of a meeting: the mean of what the two see of each other."""
    told = [each for each in lessons if each.what == "met" and _readable(each)]
    one, other = (_taught([each.seen[side] for each in told], told) for side in (0, 1))
    return Taught((one.seen + other.seen) // 2, one.yes, one.known_at)


def fit(
    lessons: Sequence[Lesson], sector: Mapping[str, str], before: AnswerModel | None = None
) -> AnswerModel | None:
    """The model of `lessons`, and how sectors take to one another; `sector` of members by subject."""
    model = learned(answered(lessons), meetings(lessons), before)
    if model is None or model is before:
        return before
    said = ((each.by, each.about, each.yes) for each in lessons if each.what == "answered")
    return replace(model, sectors=sectors.learned(said, sector, model.rate))


def learned(answers: Taught, met: Taught, before: AnswerModel | None = None) -> AnswerModel | None:
    """The model of these; `before` where it foretells better, or there is too little to tell."""
    model = _learned(answers[-MOST:])
    if model is None:
        return before
    if before is not None and before.version == VERSION:
        new = answers.known_at > before.until
        if int(new.sum()) < LEAST_NEW:
            return before
        held = int(np.argmax(new))
        rival = _learned(answers[max(held - MOST, 0) : held])
        theirs = _loss(accepting_odds(before, answers.seen[held:]), answers.yes[held:]).mean()
        if rival is not None:
            ours = _loss(accepting_odds(rival, answers.seen[held:]), answers.yes[held:]).mean()
            if ours > theirs + 1e-9:
                return before
    return replace(model, meets=_meets(met[-MOST:]))


def _learned(answers: Taught) -> AnswerModel | None:
    """Chosen by how each level foretells later blocks, then taught by all."""
    count = len(answers)
    if count < LEAST:
        return None
    blocks = [(int(count * a), int(count * b)) for a, b in zip(CUTS, (*CUTS[1:], 1.0), strict=True)]
    first = blocks[0][0]
    later = answers[first:]
    counts = np.concatenate(
        [
            np.full(end - begin, OLDER ** (len(blocks) - 1 - k))
            for k, (begin, end) in enumerate(blocks)
        ]
    )
    lines = {
        precision: np.concatenate([_line_foretold(answers, block, precision) for block in blocks])
        for precision in PRECISIONS
    }
    losses = {precision: float(_loss(odds, later.yes).mean()) for precision, odds in lines.items()}
    precision = min(losses, key=lambda each: (losses[each], -each))
    foretold: dict[Level, Floats] = {"rules": later.seen[:, 0] / UNIT}
    line = lines[precision]
    mixes: dict[Level, tuple[float, float, float]] = {"rules": (1.0, 0.0, 0.0)}
    mixes["logistic"] = _mixed(line, np.zeros(len(line)), later.yes, counts)
    foretold["logistic"] = _of_mix(mixes["logistic"], line, np.zeros(len(line)))
    if count >= LEAST_FOR_TREES:
        wood = np.concatenate([_trees_foretold(answers, block) for block in blocks])
        mixes["trees"] = _mixed(line, wood, later.yes, counts)
        foretold["trees"] = _of_mix(mixes["trees"], line, wood)
    loss = {level: _loss(odds, later.yes) for level, odds in foretold.items()}
    level = simplest(loss)
    return AnswerModel(
        version=VERSION,
        level=level,
        lessons=count,
        until=int(answers.known_at[-1]),
        rate=float((answers.yes.sum() + 1) / (count + 2)),
        linear=logistic.fit(answers.seen, answers.yes, precision),
        trees=trees.fit(answers.seen, answers.yes) if level == "trees" else Trees(),
        mix=mixes[level],
        loss=float(loss[level].mean()),
    )


def simplest(loss: dict[Level, Floats]) -> Level:
    """The first, in order of simplicity, that is within one standard error of the best."""
    best = min(loss, key=lambda level: float(loss[level].mean()))
    for level, each in loss.items():
        worse = each - loss[best]
        if worse.mean() <= worse.std() / np.sqrt(len(worse)):
            return level
    return best


def _line_foretold(answers: Taught, block: tuple[int, int], precision: float) -> Floats:
    begin, end = block
    before = answers[:begin]
    return linear(logistic.fit(before.seen, before.yes, precision), answers.seen[begin:end])


def _trees_foretold(answers: Taught, block: tuple[int, int]) -> Floats:
    begin, end = block
    before = answers[:begin]
    return grown(trees.fit(before.seen, before.yes), answers.seen[begin:end])


def _mixed(line: Floats, wood: Floats, yes: Bools, counts: Floats) -> tuple[float, float, float]:
    """Weights of the two and a start, near the line alone (Platt scaling of both at once)."""
    used = [line] if not wood.any() else [line, wood]
    table = np.column_stack([*used, np.ones(len(line))])
    prior = np.zeros(table.shape[1])
    prior[0] = 1.0
    hold = np.full(table.shape[1], MIX_HELD)
    weights = logistic.newton(table, yes.astype(np.float64), prior, hold, counts)
    return float(weights[0]), float(weights[1]) if len(used) > 1 else 0.0, float(weights[-1])


def _of_mix(mix: tuple[float, float, float], line: Floats, wood: Floats) -> Floats:
    return np.asarray(mix[0] * line + mix[1] * wood + mix[2])


def _meets(met: Taught) -> Linear:
    """The rate, shrunken; a line where it foretells the latest better by a standard error."""
    rate = (met.yes.sum() + MEETING * MEETING_HELD) / (len(met) + MEETING_HELD)
    flat = Linear(start=float(np.log(rate / (1 - rate))), rules=0.0)
    cut = int(0.7 * len(met))
    if cut < LEAST_NEW or met.yes[:cut].all() or not met.yes[:cut].any():
        return flat
    line = logistic.fit(met.seen[:cut], met.yes[:cut], PRECISIONS[-1], rules=0.0, start=flat.start)
    gain = _loss(np.full(len(met) - cut, flat.start), met.yes[cut:]) - _loss(
        linear(line, met.seen[cut:]), met.yes[cut:]
    )
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        return flat
    return logistic.fit(met.seen, met.yes, PRECISIONS[-1], rules=0.0, start=flat.start)


def _loss(odds: Floats, yes: Bools) -> Floats:
    """Natural logs lost on each answer."""
    right = np.where(yes, chance(odds), 1 - chance(odds))
    return np.asarray(-np.log(np.maximum(right, 1e-12)))


def _readable(lesson: Lesson) -> bool:
    return all(len(each) == len(NAMES) + 1 and each[0] == VERSION for each in lesson.seen)


def _taught(rows: list[tuple[int, ...]], told: list[Lesson]) -> Taught:
    seen = np.array([row[1:] for row in rows], dtype=np.int32).reshape(-1, len(NAMES))
    yes = np.array([each.yes for each in told], dtype=np.bool_)
    known_at = np.array([each.known_at for each in told], dtype=np.int64)
    order = np.argsort(known_at, kind="stable")
    return Taught(seen[order], yes[order], known_at[order])
