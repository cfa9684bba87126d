"""The parts of a bill of materials: wheels as the requirements pin them, and packages of Debian."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageMetadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.component import Component, ComponentType
from packageurl import PackageURL
from packaging.utils import canonicalize_name

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^\s+#\s+(?:via\s+)?(\S.*)$")
_SHORT = 60


@dataclass
class Pin:
    """One wheel of a requirements file: which, what it may hash to, and which others want it."""

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)
    wanted_by: list[str] = field(default_factory=list)


def read_pins(requirements: Path) -> list[Pin]:
    """The pins of a file that `make pins` wrote. One wheel may be there twice, in versions for different Pythons."""
    pins: list[Pin] = []
    pin = None
    for line in requirements.read_text(encoding="utf-8").splitlines():
        if match := _PIN.match(line):
            pin = Pin(canonicalize_name(match[1]), match[2])
            pins.append(pin)
        elif pin and (found := _HASH.search(line)):
            pin.hashes.append(found[1])
        elif pin and (via := _VIA.match(line)) and via[1] != "via":
            pin.wanted_by.append(via[1].split(" ")[0].split("[")[0])
    return pins


def wheel(pin: Pin, licences: Iterable[str]) -> Component:
    """A wheel, with the hashes of every file that the pin admits."""
    purl = PackageURL("pypi", None, pin.name, pin.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
        comment="any of its files that have one of these hashes",
    )
    return Component(
        name=pin.name,
        version=pin.version,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(text) for text in licences],
        external_references=[files],
    )


def said_by(metadata: PackageMetadata) -> dict[str, Any]:
    """What a wheel that is installed here says of its licence."""
    said: dict[str, Any] = {name: metadata[name] for name in ("License-Expression", "License") if name in metadata}
    return said | {"Classifier": metadata.get_all("Classifier") or []}


def licences_of(metadata: Mapping[str, Any]) -> list[str]:
    """What a wheel says of its licence: an expression of SPDX, else a short name, else the classifiers."""
    if expression := metadata.get("License-Expression"):
        return [str(expression)]
    name = str(metadata.get("License") or "").strip()
    if name and name != "UNKNOWN" and len(name) < _SHORT and "\n" not in name:
        return [name]
    classifiers = metadata.get("Classifier", ())
    return sorted({text.split(" :: ")[-1] for text in classifiers if text.startswith("License :: ")})


def debian_packages(status: str, distribution: str) -> Iterator[Component]:
    """The packages that dpkg's `status` has as installed; `distribution` is such as `debian-13`."""
    for paragraph in status.split("\n\n"):
        known: dict[str, str] = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.M))
        if known.get("Status") != "install ok installed":
            continue
        source = (known.get("Source") or known["Package"]).partition(" ")[0]
        qualifiers = {"arch": known["Architecture"], "distro": distribution, "upstream": source}
        purl = PackageURL("deb", "debian", known["Package"], known["Version"], qualifiers)
        yield Component(
            name=known["Package"],
            version=known["Version"],
            type=ComponentType.LIBRARY,
            bom_ref=purl.to_string(),
            purl=purl,
            description=known.get("Description"),
        )


def postgres_client(said: str, distribution: str) -> Component:
    """PostgreSQL's client programs, out of Debian's package without being installed: by what pg_dump says of itself."""
    known = re.search(r"\(PostgreSQL\) (\d+)\S* (?:\(Debian (\S+)\))?", said)
    if not known or not known[2]:
        raise ValueError(f"pg_dump says {said.strip()!r}, and not of which package of Debian's it is")
    name = f"postgresql-client-{known[1]}"
    qualifiers = {"distro": distribution, "upstream": f"postgresql-{known[1]}"}
    purl = PackageURL("deb", "debian", name, known[2], qualifiers)
    return Component(name=name, version=known[2], bom_ref=purl.to_string(), purl=purl)
