"""Figures of foretold answers, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crosstie.evaluate.calibration import (
    BINS,
    LEAST,
    Calibrated,
    calibrated,
    expected_calibration_error,
    log_loss,
)


def test_log_loss_is_the_mean_of_natural_logs() -> None:
    lost = log_loss(np.array([0.8, 0.25]), np.array([True, False]))
    assert lost == pytest.approx(-(math.log(0.8) + math.log(0.75)) / 2)


def test_nobody_is_surer_than_half_a_millionth() -> None:
    assert log_loss(np.array([1.0]), np.array([False])) == pytest.approx(-math.log(LEAST))


def test_calibration_error_weighs_the_bins_by_what_falls_into_them() -> None:
    chance = np.array([0.12, 0.18, 0.91, 1.0])  # means 0.15 and 0.955
    yes = np.array([False, True, True, True])  # shares 0.5 and 1
    expected = (2 * abs(0.15 - 0.5) + 2 * abs(0.955 - 1)) / 4
    assert expected_calibration_error(chance, yes) == pytest.approx(expected)


def test_who_is_always_right_in_the_mean_is_calibrated() -> None:
    chance = np.repeat(np.arange(BINS) / BINS + 0.05, 20)
    yes = np.concatenate([np.arange(20) < 1 + 2 * each for each in range(BINS)])
    assert expected_calibration_error(chance, yes) == pytest.approx(0)


def test_auc_of_known_scores_and_of_answers_all_alike() -> None:
    chance = np.array([0.1, 0.4, 0.35, 0.8])
    assert calibrated(chance, np.array([False, False, True, True])).auc == 0.75
    assert calibrated(chance, np.ones(4, np.bool_)).auc is None
    assert calibrated(np.empty(0), np.empty(0, np.bool_)) == Calibrated(None, None, None)
