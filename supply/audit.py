"""Asks pip-audit what is known against the wheels that are pinned, and looks what of it was accepted, and until when.

Fails when something is known that nobody has accepted. Where the data cannot be reached, it says so in a line of its
own, and passes: a check that did not happen is no finding, and must not look like one that found nothing.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import yaml
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.clock import utc_now

ROOT: Final = Path(__file__).resolve().parents[1]
ACCEPTED: Final = Path(__file__).with_name("accepted.yaml")
SOURCE: Final = "https://api.osv.dev/v1/query"
_AWAY: Final = re.compile(r"requests\.exceptions\.|pip_audit\._service\.interface\.|Could not connect to")


class Accepted(BaseModel):
    """One weakness that we live with for a while."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    package: str = Field(min_length=1)
    decided: date
    until: date
    why: str = Field(min_length=20)


@dataclass(frozen=True)
class Known:
    """One weakness of a wheel that is pinned. The same one has several names."""

    package: str
    version: str
    names: frozenset[str]
    mended_in: tuple[str, ...]

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.mended_in)}" if self.mended_in else "not mended anywhere"
        return f"{self.package} {self.version}: {', '.join(sorted(self.names))}, {mended}"


class Unreachable(Exception):
    """Nobody could be asked."""


def read_accepted(path: Path) -> list[Accepted]:
    """The file of what was accepted. Ends the process, with what is wrong, where it is not as it has to be."""
    try:
        return TypeAdapter(list[Accepted]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        sys.exit(f"{path}: {error}")


def known_of(requirements: Iterable[Path], source: str) -> list[Known]:
    """What is known against the pins of these files. Raises Unreachable."""
    files = [argument for path in requirements for argument in ("--requirement", str(path))]
    how = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "--timeout", "15"]
    command = [sys.executable, "-m", "pip_audit", *how, "--vulnerability-service", "osv", "--osv-url", source, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        if _AWAY.search(done.stderr):
            raise Unreachable(source) from None
        sys.exit(f"pip-audit failed:\n{done.stderr}")
    return [
        Known(
            canonicalize_name(wheel["name"]),
            wheel["version"],
            frozenset([found["id"], *found["aliases"]]),
            tuple(found["fix_versions"]),
        )
        for wheel in answer["dependencies"]
        for found in wheel.get("vulns", ())
    ]


def judge(known: Iterable[Known], accepted: Iterable[Accepted], today: date) -> tuple[list[str], bool]:
    """A line for each weakness, and for each acceptance that nothing needs; and whether all may pass."""
    lines, passes, needless = [], True, list(accepted)
    for weakness in known:
        held = [
            one for one in accepted if one.id in weakness.names and canonicalize_name(one.package) == weakness.package
        ]
        needless = [one for one in needless if one not in held]
        if not held:
            lines.append(f"NOT ACCEPTED  {weakness}")
        elif held[0].until < today:
            lines.append(f"RAN OUT       {weakness}; accepted until {held[0].until}")
        else:
            lines.append(f"accepted      {weakness}; until {held[0].until}: {held[0].why}")
        passes &= bool(held) and held[0].until >= today
    lines += [
        f"needless      {one.id} of {one.package} is accepted and known of no pin: take it out" for one in needless
    ]
    return lines, passes


def main() -> None:
    """Exit code 1 when something is known that was not accepted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requirements", type=Path, nargs="*", help="files with pins; without any, all of requirements/")
    parser.add_argument("--accepted", type=Path, default=ACCEPTED, help="the file of what was accepted")
    parser.add_argument("--source", default=SOURCE, help="where OSV answers")
    given = parser.parse_args()
    requirements = given.requirements or sorted((ROOT / "requirements").glob("*.txt"))
    accepted = read_accepted(given.accepted)
    try:
        known = known_of(requirements, given.source)
    except Unreachable:
        print(f"NOT CHECKED: {given.source} cannot be reached, so nobody looked whether the pins have known weaknesses")
        return
    lines, passes = judge(known, accepted, utc_now().date())
    print("\n".join(lines) or f"nothing is known against the pins of {len(requirements)} files")
    if not passes:
        sys.exit(
            "take a newer version (`make pins UPGRADE=--upgrade`), or accept it for a while in supply/accepted.yaml"
        )


if __name__ == "__main__":
    main()
