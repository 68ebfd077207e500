"""One artifact of a Maven repository, fetched by jgo and checked against its SHA-256."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from crosstie.runtime.guarded import StackFailed

PAUSES_SECONDS = (1.0, 4.0)  # between tries


def context(repository: Path) -> Any:
    """jgo's, keeping what it fetches below `repository`. Raises StackFailed without jgo."""
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415  an extra
    except ImportError as missing:
        raise StackFailed(
            "no jgo: install the extra with `pip install crosstie[embedded]`"
        ) from missing
    return MavenContext(repo_cache=repository)


def fetched(
    maven: Any,
    group: str,
    artifact: str,
    version: str,
    sha256: str,
    *,
    classifier: str = "",
    packaging: str = "jar",
) -> Path:
    """The file of an artifact. Raises StackFailed where it is not to be had, or is another one."""
    name = f"{group}:{artifact}:{version}"
    component = maven.project(group, artifact).at_version(version)
    path = _resolved(name, component.artifact(classifier=classifier, packaging=packaging))
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise StackFailed(f"{name} has SHA-256 {found}, must be {sha256}")
    return path


def _resolved(name: str, artifact: Any) -> Path:
    """Fetched, unless it is there; a connection that is reset is no reason to give up at once."""
    for pause in (*PAUSES_SECONDS, None):
        try:
            return Path(artifact.resolve())
        # what jgo raises: of the network and the disk, of a repository's answer, of a checksum
        except (OSError, RuntimeError, ValueError) as failed:
            if pause is None:
                raise StackFailed(
                    f"could not fetch {name}: {failed}; the first start of the embedded servers "
                    "needs Maven artifacts from the network (REQUESTS_CA_BUNDLE names a proxy's "
                    "certificates); or set CROSSTIE_KAFKA_BOOTSTRAP and CROSSTIE_DATABASE_URL"
                ) from failed
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")
