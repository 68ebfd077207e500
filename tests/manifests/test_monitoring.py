"""What alerts ask for is there: each over series of the services, each with a line of what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.objects import Manifest, of
from tests.manifests.planted import assert_caught
from tests.manifests.rendered import REPOSITORY, rendered
from tests.manifests.rules import problems
from tests.manifests.watched import wrongs

PAGE = REPOSITORY / "docs/operators.md"
EVENTS = "crosstie_ingestion_events_total"


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """The example with the component that no overlay of ours has."""
    overlay = tmp_path_factory.mktemp("monitored")
    deploy = Path(os.path.relpath(REPOSITORY / "deploy", overlay))
    (overlay / "kustomization.yaml").write_text(
        f"resources: [{deploy / 'overlays/example'}]\n"
        f"components: [{deploy / 'components/monitoring'}]\nnamespace: mine\n"
    )
    return rendered(str(overlay))


def rule(objects: list[Manifest], name: str = "CrosstieDeadLetters") -> Any:
    (found,) = of(objects, "PrometheusRule")
    return next(each for each in found["spec"]["groups"][0]["rules"] if each["alert"] == name)


def monitor(objects: list[Manifest]) -> Any:
    (found,) = of(objects, "PodMonitor")
    return found["spec"]


def test_the_component_adds_its_two_objects_and_breaks_no_rule(monitored: list[Manifest]) -> None:
    assert problems(monitored) == []
    added = of(monitored, "PodMonitor") + of(monitored, "PrometheusRule")
    assert {each["metadata"]["namespace"] for each in added} == {"mine"}
    assert len(added) == 2
    assert len(monitored) == len(rendered("deploy/overlays/example")) + 2


MUTANTS: dict[str, tuple[Callable[[list[Manifest]], Any], str]] = {
    "a series that nobody exposes": (
        lambda o: rule(o, "CrosstieUnready").update(expr="crosstie_redy == 0"),
        "CrosstieUnready: crosstie_redy is no series of a service",
    ),
    "a value that no label has": (
        lambda o: rule(o).update(expr=f'rate({EVENTS}{{result="refused"}}[1h]) > 0'),
        f'no series {EVENTS} has result="refused"',
    ),
    "a label of another series": (
        lambda o: rule(o).update(expr=f"sum by (platfrm) (rate({EVENTS}[1h])) > 0"),
        "platfrm is no label of the scrape",
    ),
    "a function that is none": (
        lambda o: rule(o).update(expr=f"raet({EVENTS}[1h]) > 0"),
        "raet is no series",
    ),
    "a bracket": (lambda o: rule(o).update(expr=f"sum(rate({EVENTS}[1h]) > 0"), "brackets"),
    "two of a name": (
        lambda o: rule(o).update(alert="CrosstieUnready"),
        "two alerts of one name",
    ),
    "a field that is none": (lambda o: rule(o).update({"four": "1h"}), "four"),
    "a wait in words": (lambda o: rule(o).update({"for": "an hour"}), "an hour"),
    "an alert of no weight": (lambda o: rule(o)["labels"].clear(), "severity"),
    "a kind of another age": (
        lambda o: of(o, "PodMonitor")[0].update(apiVersion="monitoring.coreos.com/v1alpha1"),
        "monitoring.coreos.com/v1",
    ),
    "a service that nobody scrapes": (
        lambda o: monitor(o)["selector"]["matchExpressions"][0]["values"].remove(
            "crosstie-matching"
        ),
        "must select",
    ),
    "tools that are scraped": (
        lambda o: monitor(o)["selector"]["matchExpressions"][0]["values"].append("crosstie-tools"),
        "must select",
    ),
    "another path": (
        lambda o: monitor(o)["podMetricsEndpoints"][0].update(path="/metric"),
        "must ask /metrics",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_caught(name: str, monitored: list[Manifest]) -> None:
    assert_caught(MUTANTS[name], monitored)


def test_every_alert_has_a_line_of_what_to_do_and_every_line_an_alert(
    monitored: list[Manifest],
) -> None:
    (found,) = of(monitored, "PrometheusRule")
    there = [each["alert"] for each in found["spec"]["groups"][0]["rules"]]
    told = re.findall(r"^\| `(Crosstie\w+)` \| \S.* \|$", PAGE.read_text(), re.MULTILINE)
    assert told == there


def test_every_series_of_a_service_that_the_page_has_an_alert_for_is_asked_for(
    monitored: list[Manifest],
) -> None:
    """But those that the page judges by what they were before."""
    (found,) = of(monitored, "PrometheusRule")
    asked = " ".join(each["expr"] for each in found["spec"]["groups"][0]["rules"])
    rows = re.findall(
        r"^\| `(crosstie_\w+)` \| \w+ \| .* \| `?(.*) \|$", PAGE.read_text(), re.MULTILINE
    )
    by_a_number = {name for name, when in rows if re.search(r"(==|>|<) [0-9.]+`", when)}
    assert by_a_number
    assert {name for name in by_a_number if name not in asked} == set()


def test_an_expression_of_ours_is_not_wrong() -> None:
    assert list(wrongs("rate(crosstie_profile_publish_seconds_sum[15m]) > 10")) == []
    assert list(wrongs("rate(crosstie_profile_publish_seconds[15m]) > 10")) != []
