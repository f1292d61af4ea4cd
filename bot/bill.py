"""`make sbom`: what Bookbag is made of, as a CycloneDX 1.6 bill of materials: the locked packages that are installed, and the files of others that are kept.

What is installed is compared with the lock: a bill of something else than runs is worth nothing. Source of the form: CycloneDX 1.6, JSON reference.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot import clock

ROOT = Path(__file__).parents[1]
_LOCKED = re.compile(r"^([a-z0-9][\w.-]*)==([^\s;]+)( ;)?", re.MULTILINE)
_KEPT = re.compile(r"^\| `[^`]+` \|.*npm `([^`]+)`.*\| ([\d.]+) \| ([\w.-]+) \| `([0-9a-f]{64})` \|$", re.MULTILINE)
_NEEDED = re.compile(r"^[A-Za-z0-9][\w.-]*")


class NotAsLocked(Exception):
    """Another version than the lock's is installed, or none: its first argument says of what."""


def bill(lock: str, kept: str, now: datetime) -> dict[str, Any]:
    """The bill, from the text of the lock file and of the list of kept files. Raises NotAsLocked."""
    ours = metadata.metadata("bookbag")
    packages = dict(_installed(lock))
    components: list[dict[str, Any]] = [_component("pypi", name, found.version, _licence(found.metadata)) for name, found in packages.items()]
    for name, version, licence, digest in _KEPT.findall(kept):
        components.append(_component("npm", name, version, licence) | {"hashes": [{"alg": "SHA-256", "content": digest}]})
    root = f"pkg:pypi/bookbag@{ours['Version']}"
    refs = {component["name"]: component["bom-ref"] for component in components}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(components))}",
        "version": 1,
        "metadata": {
            "timestamp": now.isoformat(timespec="seconds"),
            "component": {"type": "application", "bom-ref": root, "name": "bookbag", "version": ours["Version"], "purl": root},
        },
        "components": components,
        "dependencies": [
            {"ref": root, "dependsOn": sorted(refs.values())},
            *({"ref": refs[name], "dependsOn": sorted({refs[needed] for needed in _needs(found) if needed in refs})} for name, found in packages.items()),
        ],
    }


def _installed(lock: str) -> Iterator[tuple[str, metadata.Distribution]]:
    """The locked packages that are here. What is locked for other systems only (a condition follows it) may be missing."""
    versions: dict[str, dict[str, bool]] = {}
    for name, version, condition in _LOCKED.findall(lock):
        versions.setdefault(name, {})[version] = bool(condition)
    for name, locked in versions.items():
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if all(locked.values()):
                continue
            raise NotAsLocked(f"{name} {' or '.join(locked)} is not installed") from None
        if found.version not in locked:
            raise NotAsLocked(f"{name} {found.version} is installed; {' or '.join(locked)} is locked")
        yield name, found


def _needs(found: metadata.Distribution) -> Iterator[str]:
    for needed in found.requires or ():
        named = _NEEDED.match(needed)
        if named and "extra ==" not in needed:
            yield re.sub(r"[-_.]+", "-", named[0]).lower()


def _component(kind: str, name: str, version: str, licence: str) -> dict[str, Any]:
    purl = f"pkg:{kind}/{quote(name)}@{version}"
    licences = {"licenses": [{"expression": licence} if re.search(r" (AND|OR|WITH) ", licence) else {"license": {"name": licence}}]} if licence else {}
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, **licences}


def _licence(told: metadata.PackageMetadata) -> str:
    """What a package says of its licence: the expression, else its classifier, else the first line of its text."""
    said: dict[str, str] = {name: (told.get_all(name) or [""])[0].strip() for name in ("License-Expression", "License")}
    classified: list[str] = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    return said["License-Expression"] or (classified or [""])[0] or said["License"].partition("\n")[0][:100]


def main() -> int:
    """Write the bill to standard output; 1 where what is installed is not what is locked."""
    try:
        made = bill((ROOT / "requirements.lock").read_text("utf-8"), (ROOT / "console/static/README.md").read_text("utf-8"), clock.now())
    except NotAsLocked as error:
        sys.stderr.write(f"make sbom: {error}.\n")
        return 1
    sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
