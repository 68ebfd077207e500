"""The software bill of materials, as CycloneDX JSON: every locked package and every locked jar.

`make sbom` writes it to `sbom.cdx.json`. It follows from the two locks alone: the same on every
machine, without the names of registries. The generator is CycloneDX's own, and so is the schema by
which the whole is checked before it is written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
JARS = ROOT / "libs/common/crosstie/runtime/broker/jgo.lock.toml"
VERSION = SchemaVersion.V1_6


def bill() -> dict[str, Any]:
    """The bill of both locks."""
    made = _of_packages()
    components = [_named(each) for each in made["components"]]
    components += [_jar(each) for each in tomllib.loads(JARS.read_text())["dependencies"]]
    root = made["metadata"]["component"]["bom-ref"]
    references = [each["bom-ref"] for each in components]
    return {
        "$schema": made["$schema"],
        "bomFormat": made["bomFormat"],
        "specVersion": made["specVersion"],
        "version": 1,
        "metadata": {"component": made["metadata"]["component"]},
        "components": sorted(components, key=lambda each: each["bom-ref"]),
        "dependencies": [{"ref": root, "dependsOn": sorted(references)}],
    }


def _of_packages() -> Any:
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "requirements",
        "--spec-version",
        VERSION.to_version(),
    ]
    options = [
        "--pyproject",
        ROOT / "pyproject.toml",
        "--output-reproducible",
        "--no-validate",
        LOCK,
    ]
    done = subprocess.run(command + options, check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return json.loads(done.stdout)


def _named(component: dict[str, Any]) -> dict[str, Any]:
    """Its package URL says all; the hashes of each file of it stand in the lock."""
    kept = {name: component[name] for name in ("name", "purl", "type", "version")}
    return {"bom-ref": component["purl"], **kept}


def _jar(locked: dict[str, Any]) -> dict[str, Any]:
    group, name, version = locked["groupId"], locked["artifactId"], locked["version"]
    purl = f"pkg:maven/{group}/{name}@{version}?type=jar"
    return {
        "bom-ref": purl,
        "type": "library",
        "group": group,
        "name": name,
        "version": version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": locked["sha256"]}],
    }


def main() -> int:
    """Write the bill where the first argument says; 1 and nothing when the schema refuses it."""
    text = json.dumps(bill(), indent=2) + "\n"
    wrong = JsonStrictValidator(VERSION).validate_str(text)
    if wrong is not None:
        print(f"error: this is no CycloneDX {VERSION.to_version()}: {wrong}", file=sys.stderr)
        return 1
    Path(sys.argv[1]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
