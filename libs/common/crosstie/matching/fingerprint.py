"""What besides the input may move a number: the code, the processor, the numeric libraries."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from importlib import metadata, resources
from importlib.resources.abc import Traversable

import numpy as np
import threadpoolctl

_PURE = ("crosstie.network", "crosstie.matching")
_LIBRARIES = ("numpy", "numba", "scipy", "ortools")


@cache
def code_version() -> str:
    """Version and digest of the sources of the fold and the matcher."""
    body = blake2b(digest_size=8)
    for package in _PURE:
        for name, content in _sources(resources.files(package), package):
            body.update(f"{name}\0".encode() + content + b"\0")
    return f"{metadata.version('crosstie')}+{body.hexdigest()}"


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """What stands in `folder` and in those below it, in order of name."""
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        path = f"{name}/{each.name}"
        if each.is_dir():
            yield from _sources(each, path)
        elif each.name.endswith((".py", ".json", ".txt")):
            yield path, each.read_bytes()


@cache
def fingerprint() -> str:
    """Libraries by version, and a digest of the processor's features and the BLAS in use."""
    features = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
    blas = sorted(
        f"{pool['internal_api']}-{pool['version']}-{pool.get('architecture', '')}"
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    )
    libraries = " ".join(f"{name}-{metadata.version(name)}" for name in _LIBRARIES)
    machine = "|".join((platform.machine(), *features, *blas))
    digest = blake2b(machine.encode(), digest_size=4).hexdigest()
    return f"{platform.machine()}-{digest} {libraries}"
