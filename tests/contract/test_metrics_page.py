"""The table of metrics for operators and the metrics of the code are the same, word by word."""

from __future__ import annotations

import re

import pytest

from tests.series import REPOSITORY, at_start, defined, shown

PAGE = REPOSITORY / "docs/operators.md"
ROW = re.compile(r"^\| `(crosstie_\w+)` \| (\w+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, ...]]:
    return [each.groups() for each in ROW.finditer(PAGE.read_text())]


def test_the_page_for_operators_and_the_code_name_the_same_metrics(
    rows: list[tuple[str, ...]],
) -> None:
    assert sorted(row[:4] for row in rows) == sorted(map(shown, defined()))


def test_every_series_that_an_alert_asks_for_is_there_before_anything_happens(
    rows: list[tuple[str, ...]],
) -> None:
    """`increase` and `sum` know nothing of a series that is not there, or begins above nought."""
    selectors = {each for row in rows for each in re.findall(r"(crosstie_\w+)\{(.*?)\}", row[4])}
    assert selectors
    series = at_start()
    for name, selector in selectors:
        label, value = selector.removesuffix('"').split('="')
        assert any(each[label] == value for each in series[name]), (name, selector)


def test_every_counter_begins_at_nought_whatever_its_labels() -> None:
    series = at_start()
    counters = [each for each in map(shown, defined()) if each[1] == "counter"]
    assert {name for name, *_ in counters} <= series.keys()
    full = {"full": "true"}, {"full": "false"}
    assert sorted(map(str, series["crosstie_rounds_total"])) == sorted(map(str, full))
    assert len(series["crosstie_ingestion_events_total"]) == 4


def test_every_service_has_metrics_of_its_own() -> None:
    names = " ".join(shown(each)[0] for each in defined())
    for prefix in ("crosstie_ingestion_", "crosstie_profile_", "crosstie_round"):
        assert prefix in names


def test_an_alert_asks_for_metrics_that_there_are(rows: list[tuple[str, ...]]) -> None:
    names = {row[0] for row in rows}
    for row in rows:
        asked = set(re.findall(r"crosstie_\w+", row[4]))
        assert {re.sub(r"_(bucket|sum|count)$", "", each) for each in asked} <= names, row[4]
