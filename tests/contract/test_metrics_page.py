"""The table of metrics for operators and the metrics of the code are the same, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/operators.md"
ROW = re.compile(r"^\| `(crosstie_\w+)` \| (\w+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)


def defined() -> Iterator[MetricWrapperBase]:
    """Every metric of a service's code."""
    for path in sorted((REPOSITORY / "services").rglob("*.py")):
        if "prometheus_client" in path.read_text():
            name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
            each = vars(import_module(name)).values()
            yield from (metric for metric in each if isinstance(metric, MetricWrapperBase))


def shown(metric: MetricWrapperBase) -> tuple[str, str, str, str]:
    """Name as it is scraped, type, labels, meaning."""
    (told,) = metric.describe()
    name = f"{told.name}_total" if told.type == "counter" else told.name
    labels = ", ".join(f"`{each}`" for each in metric._labelnames) or "none"
    return name, told.type, labels, told.documentation


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, ...]]:
    return [each.groups() for each in ROW.finditer(PAGE.read_text())]


def test_the_page_for_operators_and_the_code_name_the_same_metrics(
    rows: list[tuple[str, ...]],
) -> None:
    assert sorted(row[:4] for row in rows) == sorted(map(shown, defined()))


def test_every_service_has_metrics_of_its_own() -> None:
    names = " ".join(shown(each)[0] for each in defined())
    for prefix in ("crosstie_ingestion_", "crosstie_profile_", "crosstie_round"):
        assert prefix in names


def test_an_alert_asks_for_metrics_that_there_are(rows: list[tuple[str, ...]]) -> None:
    names = {row[0] for row in rows}
    for row in rows:
        asked = set(re.findall(r"crosstie_\w+", row[4]))
        assert {re.sub(r"_(bucket|sum|count)$", "", each) for each in asked} <= names, row[4]
