"""What may not be skipped fails the run: see tests/conftest.py and tests/lacking.py."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lacking import lacking

REPOSITORY = Path(__file__).parents[2]
FILES = {
    "tests/services/test_one.py": """
import pytest
pytestmark = pytest.mark.kafka

@pytest.mark.skip
def test_marked(): pass

def test_calling(): pytest.skip("now")

@pytest.mark.xfail(run=False)
def test_not_run(): pass

def test_that_runs(): pass
""",
    "tests/services/test_file.py": "import pytest; pytest.skip('now', allow_module_level=True)",
    "tests/chaos/test_import.py": "import pytest; pytest.importorskip('no_such_module')",
    "tests/unit/test_free.py": "import pytest; pytest.skip('now', allow_module_level=True)",
    "tests/unit/test_tool.py": "import pytest\n\ndef test_it(): pytest.skip('now')",
}
OPTIONS = ("-q", "-rA", "-p", "tests.conftest", "--continue-on-collection-errors")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of each of FILES, and of the tests in them."""
    root = tmp_path_factory.mktemp("root")
    (root / "pytest.ini").write_text("[pytest]\nmarkers = kafka: real\n")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--rootdir", str(root), str(root)]
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1, done.stdout
    summary = re.compile(
        r"^(FAILED|ERROR|PASSED|SKIPPED)\b.*?(test_\w+\.py(?:::\w+)?)", re.MULTILINE
    )
    return {name: outcome for outcome, name in summary.findall(done.stdout)}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("test_one.py::test_marked", "ERROR"),
        ("test_one.py::test_calling", "FAILED"),
        ("test_one.py::test_not_run", "ERROR"),
        ("test_one.py::test_that_runs", "PASSED"),
        ("test_file.py", "ERROR"),
        ("test_import.py", "ERROR"),
        ("test_free.py", "SKIPPED"),
        ("test_tool.py", "SKIPPED"),
    ],
)
def test_what_needs_kafka_or_postgresql_is_never_skipped(
    name: str, outcome: str, outcomes: dict[str, str]
) -> None:
    assert outcomes[name] == outcome


def test_a_tool_that_is_lacking_skips_a_test_but_fails_it_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no npm"):
        lacking("no npm")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no npm"):
        lacking("no npm")


def test_ci_says_that_it_is_one() -> None:
    assert "export CI=1" in (REPOSITORY / ".ci" / "run").read_text().splitlines()
