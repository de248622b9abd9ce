"""The bill of materials of a release, CycloneDX 1.6: the wheel, the lock, and what the built Studio holds."""

import base64
import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shipping.licences import NPM_LOCK, Licensed
from shipping.pins import Pin, canonical, read_constraints

_NAMESPACE = uuid.UUID("2b0c8a1e-3a0c-5f1e-9a55-5f4d4f0f5c11")
"""For serial numbers that follow from the content."""
_SCOPES = {"core": "required", "extras": "optional"}


def bill_of(
    *,
    version: str,
    wheel_sha256: str,
    made_at: str,
    pins: Iterable[Pin],
    licences: Iterable[Licensed],
    studio: Iterable[Licensed],
) -> dict[str, Any]:
    """Write the bill of a release.

    Args:
        version: of BrewSLM.
        wheel_sha256: of the wheel, as hex.
        made_at: time of the commit, ISO 8601 in UTC.
        pins: the lock; what only contributors need is left out.
        licences: those that are known of Python packages.
        studio: the npm packages whose code the built Studio holds.
    """
    known = {one.name: one.licence for one in licences}
    python = [_python(pin, known.get(canonical(pin.name), "")) for pin in pins if pin.part in _SCOPES]
    sums = _npm_sums()
    npm = [_npm(one, sums[one.name, one.version]) for one in studio]
    name = f"pkg:pypi/brewslm@{version}"
    product = {
        "type": "application",
        "bom-ref": name,
        "name": "brewslm",
        "version": version,
        "purl": name,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "hashes": [{"alg": "SHA-256", "content": wheel_sha256}],
    }
    parts = [*python, *npm]
    required = [part["bom-ref"] for part in parts if part["scope"] == "required"]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, json.dumps([product, parts], sort_keys=True))}",
        "version": 1,
        "metadata": {"timestamp": made_at, "component": product},
        "components": parts,
        "dependencies": [{"ref": name, "dependsOn": required}],
    }


def _python(pin: Pin, licence: str) -> dict[str, Any]:
    name = canonical(pin.name)
    found = Licensed(name, pin.version, licence)
    hashes = [("SHA-256", one) for one in sorted(pin.hashes)]
    return _component(found, f"pkg:pypi/{name}@{pin.version}", _SCOPES[pin.part], hashes)


def _npm(package: Licensed, sum_of_it: tuple[str, str]) -> dict[str, Any]:
    purl = f"pkg:npm/{package.name.replace('@', '%40')}@{package.version}"
    return _component(package, purl, "required", [sum_of_it])


def _component(package: Licensed, purl: str, scope: str, hashes: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "scope": scope,
        "purl": purl,
        **({"licenses": [{"expression": package.licence}]} if package.licence else {}),
        **({"hashes": [{"alg": alg, "content": content} for alg, content in hashes]} if hashes else {}),
    }


def _npm_sums(lock: Path = NPM_LOCK) -> dict[tuple[str, str], tuple[str, str]]:
    """Map name and version to the hash that npm holds them to."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    found = {}
    for path, one in packages.items():
        if path:
            algorithm, _, content = one["integrity"].partition("-")
            name = f"SHA-{algorithm.removeprefix('sha')}"
            found[path.rpartition("node_modules/")[2], one["version"]] = (name, base64.b64decode(content).hex())
    return found


def versions(constraints: str, npm_lock: str) -> dict[str, str]:
    """Read the versions of both locks, by name."""
    found = {name: pin.version for name, pin in read_constraints(constraints).items()}
    packages = json.loads(npm_lock)["packages"]
    return found | {
        f"npm {path.rpartition('node_modules/')[2]}": one["version"] for path, one in packages.items() if path
    }


def changes(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Compare two lists of packages by version; one line for each that came, went or moved."""
    return [
        f"{name}: {old.get(name, 'not there')} -> {new.get(name, 'gone')}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
