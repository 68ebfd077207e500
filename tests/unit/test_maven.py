"""An artifact is asked for again where the network failed, and is what it should be or none."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from crosstie.runtime import maven
from crosstie.runtime.guarded import StackFailed

JAR = b"a jar"


class Repository:
    """One artifact, which the network resets so many times first."""

    def __init__(self, path: Path, resets: int) -> None:
        self._path, self._resets, self.asked = path, resets, 0
        path.write_bytes(JAR)

    def project(self, group: str, artifact: str) -> Repository:
        assert (group, artifact) == ("org.apache.kafka", "kafka-clients")
        return self

    def at_version(self, version: str) -> Repository:
        assert version == "1"
        return self

    def artifact(self, **_: Any) -> Repository:
        return self

    def resolve(self) -> Path:
        self.asked += 1
        if self.asked <= self._resets:
            raise ConnectionResetError(104, "Connection reset by peer")
        return self._path


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maven, "PAUSES_SECONDS", (0.0, 0.0))


def fetched(repository: Repository, sha256: str = hashlib.sha256(JAR).hexdigest()) -> Path:
    return maven.fetched(repository, "org.apache.kafka", "kafka-clients", "1", sha256)


def test_what_a_reset_connection_kept_from_us_is_asked_for_again(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "jar", resets=2)
    assert fetched(repository) == tmp_path / "jar"
    assert repository.asked == 3


def test_a_network_that_stays_away_is_told_with_what_to_do(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "jar", resets=99)
    with pytest.raises(StackFailed, match=r"kafka-clients:1: .*reset by peer; the first start"):
        fetched(repository)
    assert repository.asked == 3


def test_another_artifact_than_the_one_that_was_locked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="must be 00"):
        fetched(Repository(tmp_path / "jar", resets=0), "00" * 32)
