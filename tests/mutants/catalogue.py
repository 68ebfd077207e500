"""Every deliberate defect, by name."""

from __future__ import annotations

from tests.mutants import in_delivery, in_doors, in_fold, in_matcher, in_rounds
from tests.mutants.defect import Defect

DEFECTS: tuple[Defect, ...] = (
    *in_fold.DEFECTS,
    *in_delivery.DEFECTS,
    *in_rounds.DEFECTS,
    *in_doors.DEFECTS,
    *in_matcher.DEFECTS,
)
