"""The table of metrics for operators and the metrics of the code are the same, word by word."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/operators.md"
ROW = re.compile(r"^\| `(crosstie_\w+)` \| (\w+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)


def modules() -> Iterator[str]:
    """Where a service's code defines metrics."""
    for path in sorted((REPOSITORY / "services").rglob("*.py")):
        if re.search(r"prometheus_client|runtime\.series", path.read_text()):
            yield ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def defined() -> Iterator[MetricWrapperBase]:
    """Every metric of a service's code."""
    for name in modules():
        each = vars(import_module(name)).values()
        yield from (metric for metric in each if isinstance(metric, MetricWrapperBase))


def shown(metric: MetricWrapperBase) -> tuple[str, str, str, str]:
    """Name as it is scraped, type, labels, meaning."""
    (told,) = metric.describe()
    name = f"{told.name}_total" if told.type == "counter" else told.name
    labels = ", ".join(f"`{each}`" for each in metric._labelnames) or "none"
    return name, told.type, labels, told.documentation


@cache
def at_start() -> dict[str, list[dict[str, str]]]:
    """The labels of each series, by name, of a process in which nothing has happened yet."""
    imports = f"import prometheus_client, {', '.join(modules())}"
    code = f"{imports}; print(prometheus_client.generate_latest().decode())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=True
    )
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(done.stdout.decode()):
        for each in family.samples:
            found.setdefault(each.name, []).append(dict(each.labels))
            if each.name.endswith("_total"):
                assert each.value == 0 or not each.name.startswith("crosstie_"), each
    return found


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
