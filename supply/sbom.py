"""Bills of materials in CycloneDX' JSON: of the wheels that are pinned, and of an image with all that is in it.

The same parts make the same file: nothing in it tells when or where it was written, and its number is a digest of it.
"""

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from supply import parts

ROOT: Final = Path(__file__).resolve().parents[1]
RUNTIME: Final = ROOT / "requirements" / "runtime.txt"
_IN_IMAGE: Final = Path(__file__).with_name("in_image.py")


class NotAsPinned(Exception):
    """An image has wheels in it that the requirements do not pin."""


def of_wheels() -> str:
    """What `requirements/runtime.txt` pins, with the licences that the installed wheels state."""
    licences = {
        canonicalize_name(wheel.name): parts.licences_of(parts.said_by(wheel.metadata))
        for wheel in importlib.metadata.distributions()
    }
    wheels = [
        (pin, parts.wheel(pin, licences.get(canonicalize_name(pin.name), []))) for pin in parts.read_pins(RUNTIME)
    ]
    return _written(_luotsi(ComponentType.APPLICATION), wheels, [])


def of_image(found: Mapping[str, Any]) -> str:
    """What is installed in an image, as `in_image.py` found it. Raises NotAsPinned."""
    pins = {(pin.name, pin.version): pin for pin in parts.read_pins(RUNTIME)}
    there = {(str(canonicalize_name(name)), said["Version"]): said for name, said in found["wheels"].items()}
    if odd := sorted(name for name, version in there.keys() - pins.keys()):
        raise NotAsPinned(f"{', '.join(odd)}: not as requirements/runtime.txt has it. Build the image anew")
    wheels = [(pins[which], parts.wheel(pins[which], parts.licences_of(said))) for which, said in there.items()]
    python = Component(
        name="python",
        version=found["python"],
        type=ComponentType.PLATFORM,
        bom_ref=f"python@{found['python']}",
        purl=PackageURL("generic", None, "python", found["python"]),
        cpe=f"cpe:2.3:a:python:python:{found['python']}:*:*:*:*:*:*:*",
    )
    debian = [
        *parts.debian_packages(found["status"], found["distribution"]),
        parts.postgres_client(found["pg_dump"], found["distribution"]),
    ]
    return _written(_luotsi(ComponentType.CONTAINER), wheels, [python, *debian])


def look_into(image: str) -> dict[str, Any]:
    """What is installed in an image of this machine's engine."""
    command = ["docker", "run", "--rm", "-i", "--network", "none", "--entrypoint", "python", image, "-"]
    done = subprocess.run(command, input=_IN_IMAGE.read_bytes(), capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{image} cannot be looked into: {done.stderr.decode().strip()}\nFirst `docker compose build migrate`")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fault_of(document: str) -> str | None:
    """What CycloneDX' schema has against a document; None when it is valid."""
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)
    return str(fault) if fault else None


def _luotsi(kind: ComponentType) -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        name="luotsi",
        version=project["version"],
        type=kind,
        bom_ref=f"luotsi@{project['version']}",
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )


def _written(subject: Component, wheels: list[tuple[parts.Pin, Component]], others: list[Component]) -> str:
    """The bill; of the wheels it says which wants which, and which ones Luotsi itself wants."""
    wants: dict[str, list[Dependency]] = {}
    for pin, component in wheels:
        for name in pin.wanted_by:
            wants.setdefault(name, []).append(Dependency(component.bom_ref))
    bom = Bom(components=[*(component for _, component in wheels), *others])
    bom.metadata.component = subject
    bom.dependencies.update(Dependency(other.bom_ref) for other in others)
    for name, component in [(subject.name, subject), *((pin.name, component) for pin, component in wheels)]:
        bom.dependencies.add(Dependency(component.bom_ref, dependencies=wants.get(name, [])))
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]
    del document["serialNumber"]
    number = uuid5(NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{number}"}, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write one bill, or say what is wrong with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument("--image", help="an image of this machine's engine; without it the wheels that are pinned")
    given = parser.parse_args()
    try:
        document = of_image(look_into(given.image)) if given.image else of_wheels()
    except NotAsPinned as odd:
        sys.exit(str(odd))
    if fault := fault_of(document):
        sys.exit(f"{given.file} would be no CycloneDX: {fault}")
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(document, encoding="utf-8")
    print(f"{given.file}: {len(json.loads(document)['components'])} components")


if __name__ == "__main__":
    main()
