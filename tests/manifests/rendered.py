"""Manifests as the cluster would get them: Kustomize's output, parsed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.lacking import lacking
from tests.manifests.objects import Manifest

REPOSITORY = Path(__file__).parents[2]
KUBECTL = REPOSITORY / ".venv" / "bin" / "kubectl"
OVERLAYS = ("deploy/base", "deploy/overlays/example", "deploy/overlays/locked")


def rendered(folder: str) -> list[Manifest]:
    """Objects of one folder. Skips where no package has a kubectl for this machine, never in CI."""
    if not KUBECTL.exists() or KUBECTL.stat().st_size == 0:
        lacking("no .venv/bin/kubectl: run `make kubectl`")
    text = subprocess.run(
        [KUBECTL, "kustomize", str(REPOSITORY / folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    return [each for each in yaml.safe_load_all(text) if each]
