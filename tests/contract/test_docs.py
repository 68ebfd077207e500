"""Pages agree with the code: links lead somewhere, commands and codes exist, samples run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

from crosstie.cli import app
from crosstie.events import EVENT_TYPES, Person
from crosstie.matching.answers.model import Level
from crosstie.suggestions import SUGGESTION_TYPES
from crosstie.topics import Topics

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("examples/**/*.md"),
    ]
)
MATCHING = REPOSITORY / "libs/common/crosstie/matching"
page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))


@page
def test_every_link_within_the_repository_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{target}: no such file"
        assert not anchor or anchor in anchors(file), f"{target}: no such heading"


@page
def test_every_command_of_ours_that_a_page_names_exists(path: Path) -> None:
    for words in commands(path.read_text()):
        match words:
            case ["make", *targets]:
                assert {each for each in targets if "=" not in each} <= make_targets(), words
            case ["python", "-m", module, *_]:
                assert find_spec(module), words
            case ["python", file, *_]:
                assert (REPOSITORY / file).exists(), words
            case ["crosstie", *rest]:
                understood(rest)


def test_the_page_of_events_names_every_type() -> None:
    text = (REPOSITORY / "docs/events.md").read_text()
    for name in EVENT_TYPES:
        assert f"`{name.removeprefix('org.crosstie.').removesuffix('.v1')}`" in text, name


def test_the_page_for_platforms_names_every_type_of_suggestion() -> None:
    text = (REPOSITORY / "docs/platforms.md").read_text()
    for state, name in SUGGESTION_TYPES.items():
        assert f"| `{state}` | `{name}` |" in text


def test_the_page_for_operators_names_every_topic_with_its_partitions() -> None:
    text = (REPOSITORY / "docs/operators.md").read_text()
    for topic in Topics().every(["NAME"]):
        assert f"| `{topic.name}` | {topic.partitions} |" in text


def test_the_page_of_reasons_names_every_code_and_every_source_of_candidates() -> None:
    text = (REPOSITORY / "docs/reasons.md").read_text()
    code = "\n".join(each.read_text() for each in MATCHING.glob("*.py"))
    for found in set(re.findall(r'Reason\(\s*"([a-z-]+)"', code)):
        assert f"`{found}`" in text, found
    candidates = pytest.importorskip("crosstie.matching.candidates")
    for source in candidates.SOURCES:
        assert f"`{source}`" in text, source


def test_the_page_of_evaluate_names_every_key_of_its_objects_and_every_model() -> None:
    text = (REPOSITORY / "docs/evaluate.md").read_text()
    tasks = [
        pytest.importorskip(f"crosstie.evaluate.{name}") for name in ("ranking", "answers_task")
    ]
    for name in [each for task in tasks for each in (*task.NOTES, *_fields(task))]:
        assert f'"{name}": ' in text, name
    for level in get_args(Level):
        assert f"| `{level}` |" in text


def _fields(task: Any) -> tuple[str, ...]:
    told = getattr(task, "Compared", None) or task.Answered
    fields: tuple[str, ...] = told.__struct_fields__
    return fields


@pytest.mark.parametrize("name", ["events.md", "platforms.md", "operators.md"])
def test_every_event_that_a_page_shows_is_a_valid_one(name: str) -> None:
    text = (REPOSITORY / "docs" / name).read_text()
    shown = [each for each in json_objects(text) if "specversion" in each]
    assert shown or name == "events.md"
    for event in shown:
        EVENT_TYPES[event["type"]].model[Person].model_validate_json(json.dumps(event["data"]))


def anchors(file: Path) -> set[str]:
    """Anchors as code hosts make them of headings, and those written as such."""
    text = file.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)"', text))


def commands(text: str) -> Iterator[list[str]]:
    """Commands in blocks of shell, comments and continuation lines taken care of."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            run = re.sub(r"^\s*kubectl .* exec .* -- +", "", line)
            if re.match(r"\s*(make|crosstie|python) ", run):
                yield shlex.split(run, comments=True)
    for inline in re.findall(r"`((?:crosstie|make|python -m) [^`]+)`", text):
        yield [word for word in shlex.split(inline) if word not in {"...", "…"}]


def understood(words: list[str]) -> None:
    """Walk the command line as the program would; every command and option must be there."""
    at: Any = get_command(app)
    while words and words[0] in getattr(at, "commands", {}):
        at, words = at.commands[words[0]], words[1:]
    options = {"--help"} | {
        each for parameter in at.params for each in (*parameter.opts, *parameter.secondary_opts)
    }
    assert not hasattr(at, "commands") or not words or words[0] in options, f"no {words[0]}"
    given = {word for word in words if word.startswith("-")} - {"-"}
    assert given <= options, f"no {given - options} of {at.name}"


def make_targets() -> set[str]:
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"^  make (\S+)", listed.stdout, re.MULTILINE))


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects that stand anywhere in a page."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            if isinstance(found, dict):
                yield found
        at = text.find("{", end)
