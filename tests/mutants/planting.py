"""Planted mistakes: what each breaks, the change that makes it, and what has to notice it."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLANTED: Final = Path(__file__).parent / "planted"


class DoesNotApply(Exception):
    """What is to be changed is not there, or more than once: the code has moved on, and the mistake has to follow."""


@dataclass(frozen=True)
class Change:
    """A passage of a file, and what stands there instead."""

    file: str
    search: str
    replace: str

    def make(self, root: Path) -> None:
        """Change the file below `root`. Raises DoesNotApply."""
        path = root / self.file
        if not path.is_file():
            raise DoesNotApply(f"{self.file} is not there")
        found = path.read_text()
        if found.count(self.search) != 1:
            raise DoesNotApply(f"{self.file} has {found.count(self.search)} times:\n{self.search}")
        path.write_text(found.replace(self.search, self.replace))


@dataclass(frozen=True)
class NamedTests:
    """Tests of which at least one has to fail, within so many seconds.

    `seen` is when that last happened and how long it took; nothing where nobody has seen it yet.
    """

    ids: tuple[str, ...]
    within: float
    seen: str = ""

    @property
    def arguments(self) -> list[str]:
        """How Python runs them."""
        return ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=line", *self.ids]


@dataclass(frozen=True)
class FaultRun:
    """A run of the fault rig which has to end as BROKEN within so many seconds, and to say these words.

    `seen` as of tests.
    """

    given: str
    says: str
    within: float
    seen: str = ""

    @property
    def arguments(self) -> list[str]:
        """How Python runs it."""
        return ["-m", "tests.faults", *self.given.split()]


@dataclass(frozen=True)
class Mutant:
    """One planted mistake."""

    name: str
    breaks: str
    changes: tuple[Change, ...]
    noticed_by: tuple[NamedTests | FaultRun, ...]

    def plant(self, root: Path) -> None:
        """Make the mistake in the tree at `root`. Raises DoesNotApply."""
        for change in self.changes:
            change.make(root)


def write_seen(mutant: Mutant, way: NamedTests | FaultRun, seen: str, folder: Path = PLANTED) -> None:
    """Write into the file of a mistake when it was noticed in this way, and after how long."""
    path = folder / f"{mutant.name}.toml"
    begin = "[[noticed_by]]\n"
    before, *parts = path.read_text().split(begin)
    number = _read(path).noticed_by.index(way)
    lines = [line for line in parts[number].splitlines() if line and not line.startswith("seen = ")]
    parts[number] = "\n".join([*lines, f'seen = "{seen}"', ""])
    others = [part.rstrip("\n") + "\n" for part in parts]
    path.write_text(before + begin + f"\n{begin}".join(others))


def read_all(folder: Path = PLANTED) -> list[Mutant]:
    """All that are kept, by name."""
    return [_read(path) for path in sorted(folder.glob("*.toml"))]


def select(mutants: Sequence[Mutant], only: str = "", by: str = "", part: tuple[int, int] = (1, 1)) -> list[Mutant]:
    """Those with `only` in name or sentence, as far as `by` (tests or faults) has to notice them; of these one part."""
    number, parts = part
    found = [each for each in mutants if only in each.name or only in each.breaks]
    kinds = {"tests": NamedTests, "faults": FaultRun}
    if by:
        ways = [(each, tuple(way for way in each.noticed_by if isinstance(way, kinds[by]))) for each in found]
        found = [Mutant(each.name, each.breaks, each.changes, kept) for each, kept in ways if kept]
    return list(found[number - 1 :: parts])


def _read(path: Path) -> Mutant:
    read = tomllib.loads(path.read_text())
    changes = tuple(Change(**each) for each in read["change"])
    return Mutant(path.stem, read["breaks"], changes, tuple(_ways(read["noticed_by"])))


def _ways(read: Sequence[Mapping[str, Any]]) -> Iterator[NamedTests | FaultRun]:
    for each in read:
        if "tests" in each:
            yield NamedTests(tuple(each["tests"]), each["within"], each.get("seen", ""))
        else:
            yield FaultRun(each["faults"], each["says"], each["within"], each.get("seen", ""))
