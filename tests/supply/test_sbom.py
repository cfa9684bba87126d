"""Bills of materials: valid by CycloneDX' own schema, whole, and the same for the same parts."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from supply import sbom
from supply.parts import debian_packages, licences_of, read_pins

STATUS = """Package: libssl3t64
Status: install ok installed
Architecture: amd64
Source: openssl (3.5.1-1)
Version: 3.5.1-1+deb13u1
Description: Secure Sockets Layer toolkit - shared libraries
 This package is part of the OpenSSL project.

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026b-0+deb13u1
"""


def image(**changes: Any) -> dict[str, Any]:
    """What could be found in an image: two wheels as they are pinned, two packages of Debian."""
    pins = {pin.name: pin for pin in read_pins(sbom.RUNTIME)}
    wheels = {
        "SQLAlchemy": {"Version": pins["sqlalchemy"].version, "License-Expression": "MIT", "License": None},
        "typing_extensions": {"Version": pins["typing-extensions"].version, "License": "PSF-2.0"},
    }
    client = "pg_dump (PostgreSQL) 17.6 (Debian 17.6-0+deb13u1)\n"
    return {
        "distribution": "debian-13",
        "status": STATUS,
        "pg_dump": client,
        "python": "3.13.5",
        "wheels": wheels,
        **changes,
    }


def components(document: str) -> dict[str, dict[str, Any]]:
    return {component["purl"]: component for component in json.loads(document)["components"]}


def test_the_bill_of_the_wheels_has_every_pin_with_its_hashes() -> None:
    document = sbom.of_wheels()
    assert sbom.fault_of(document) is None
    text = sbom.RUNTIME.read_text(encoding="utf-8")
    listed = components(document)
    assert len(listed) == sum("==" in line and line[0].isalnum() for line in text.splitlines())
    hashes = [each for one in listed.values() for file in one["externalReferences"] for each in file["hashes"]]
    assert len(hashes) == text.count("--hash=sha256:")
    [alembic] = [one for purl, one in listed.items() if purl.startswith("pkg:pypi/alembic@")]
    assert alembic["licenses"] == [{"license": {"id": "MIT"}}]


def test_the_bill_says_what_wants_what() -> None:
    document = json.loads(sbom.of_wheels())
    wants = {each["ref"].split("@")[0]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert {one.split("@")[0] for one in wants["pkg:pypi/alembic"]} >= {"pkg:pypi/mako", "pkg:pypi/sqlalchemy"}
    assert any(one.startswith("pkg:pypi/fastapi@") for one in wants["luotsi"])
    assert not any(one.startswith("pkg:pypi/mako@") for one in wants["luotsi"])


def test_the_same_parts_make_the_same_file_in_another_process(tmp_path: Path) -> None:
    for name in ("one", "two"):
        command = [sys.executable, "-m", "supply.sbom", str(tmp_path / name / "wheels.json")]
        subprocess.run(command, check=True, capture_output=True, cwd=sbom.ROOT)
    assert (tmp_path / "one" / "wheels.json").read_bytes() == (tmp_path / "two" / "wheels.json").read_bytes()
    assert "timestamp" not in json.loads((tmp_path / "one" / "wheels.json").read_text())["metadata"]


def test_another_part_makes_another_number() -> None:
    numbers = {json.loads(sbom.of_image(image(python=version)))["serialNumber"] for version in ("3.13.5", "3.13.6")}
    assert len(numbers) == 2


def test_the_bill_of_an_image_has_debian_python_wheels_and_the_clients_of_postgresql() -> None:
    document = sbom.of_image(image())
    assert sbom.fault_of(document) is None
    listed = {purl.split("@")[0] for purl in components(document)}
    assert listed == {
        "pkg:deb/debian/libssl3t64",
        "pkg:deb/debian/tzdata",
        "pkg:generic/python",
        "pkg:pypi/sqlalchemy",
        "pkg:pypi/typing-extensions",
        "pkg:deb/debian/postgresql-client-17",
    }
    [ssl] = debian_packages(STATUS.partition("\n\n")[0], "debian-13")
    assert ssl.purl is not None
    assert ssl.purl.qualifiers == {"arch": "amd64", "distro": "debian-13", "upstream": "openssl"}


def test_a_wheel_of_debian_s_name_keeps_its_own_dependencies() -> None:
    status = STATUS.replace("Package: tzdata", "Package: sqlalchemy")
    document = json.loads(sbom.of_image(image(status=status)))
    wants = {each["ref"].split("@")[0]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert wants["pkg:pypi/sqlalchemy"]
    assert not wants["pkg:deb/debian/sqlalchemy"]


def test_an_image_with_other_wheels_than_the_pinned_ones_is_refused() -> None:
    with pytest.raises(sbom.NotAsPinned, match=r"^sqlalchemy, stranger: not as requirements/runtime\.txt has it"):
        sbom.of_image(image(wheels={"SQLAlchemy": {"Version": "0.1"}, "stranger": {"Version": "1"}}))


def test_what_cyclonedx_would_refuse_is_found() -> None:
    document = json.loads(sbom.of_wheels())
    document["components"][0]["type"] = "boat"
    assert "boat" in str(sbom.fault_of(json.dumps(document)))


@pytest.mark.parametrize(
    ("said", "licences"),
    [
        ({"License-Expression": "MIT OR Apache-2.0", "License": "x"}, ["MIT OR Apache-2.0"]),
        ({"License": "BSD-3-Clause"}, ["BSD-3-Clause"]),
        ({"License": "A\nlong text", "Classifier": ["License :: OSI Approved :: MIT License"]}, ["MIT License"]),
        ({"License": "UNKNOWN", "Classifier": ["Topic :: Boats"]}, []),
    ],
)
def test_a_licence_is_what_the_wheel_says_shortest(said: dict[str, Any], licences: list[str]) -> None:
    assert licences_of(said) == licences
