"""Lines of the files, the columns there are, and what is found wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal

from luotsi.platform.process import PlatformError
from shared.problems import Problem
from shared.values.email_addresses import same_address

Kind = Literal["organizations", "members"]

_TEXTS: Final = tuple(
    f"{name}_{language}" for name in ("name", "alternate_name", "description") for language in ("fi", "sv", "en")
)
COLUMNS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "organizations": ("slug", "organization_type", *_TEXTS, "parent", "email", "website"),
    "members": ("email", "organization", "roles", "language", "deputy"),
}
NEEDED: Final[Mapping[Kind, tuple[str, ...]]] = {"organizations": ("slug",), "members": ("email", "organization")}

_COLUMN_OF: Final = {"deputy_id": "deputy", "parent_organization_id": "parent", "organization_id": "organization"}
"""Field of the API → column, where they are not called the same."""


@dataclass(frozen=True, eq=False)
class Line:
    """One line: its file, the number it begins at there, and what is written in each column that is not empty."""

    file: str
    number: int
    cells: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.file} line {self.number}"


@dataclass
class Faults:
    """All that is wrong, in the order of files and lines."""

    found: list[tuple[str, int, str]] = field(default_factory=list)
    lines: set[Line] = field(default_factory=set)

    def add(self, line: Line, column: str | None, message: str) -> None:
        """Note a fault of a line, in a column where it is of one."""
        where = f", {column}" if column else ""
        self.found.append((line.file, line.number, f"{line}{where}: {message}"))
        self.lines.add(line)

    def add_problem(self, line: Line, problem: Problem) -> None:
        """Note what a command refused."""
        errors = problem.errors or [{"field": "", "message": problem.detail}]
        for error in errors:
            self.add(line, column_of(error["field"]), error["message"])

    def raise_any(self) -> None:
        """Raise PlatformError with all of them, when there is one."""
        if self.found:
            told = "\n".join(f"  {message}" for *_, message in sorted(self.found))
            number = "one thing is" if len(self.found) == 1 else f"{len(self.found)} things are"
            raise PlatformError(f"nothing was entered or changed, for {number} wrong:\n{told}")


def column_of(named: str) -> str | None:
    """The column of a field of the API: `name.fi` is `name_fi`, `roles.0` is `roles`."""
    first, _, rest = named.partition(".")
    known = _COLUMN_OF.get(first, first)
    texts = f"{known}_{rest}"
    return (texts if texts in _TEXTS else known) or None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """` Did you mean …?` with words that are like it, or nothing."""
    like = get_close_matches(word.lower(), known, n=3)
    return f" Did you mean {' or '.join(like)}?" if like else ""


def first_of_each(lines: Sequence[Line], columns: Sequence[str], faults: Faults) -> list[Line]:
    """The lines without those that name again what another one names in these columns; each is a fault."""
    seen: dict[tuple[str, ...], Line] = {}
    for line in lines:
        written = tuple(line.cells.get(column, "") for column in columns)
        key = tuple(same_address(each) for each in written)
        if (before := seen.get(key)) is not None:
            capitals = tuple(before.cells.get(column, "") for column in columns) != written
            how = "but for the way it is written, this" if capitals else "this"
            faults.add(line, columns[0], f"{how} is in {before} already; keep one of the two")
        else:
            seen[key] = line
    return list(seen.values())
