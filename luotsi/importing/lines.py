"""Lines of the files, the columns there are, and what is found wrong with them."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal

from luotsi.platform.process import PlatformError
from shared.problems import Problem

Kind = Literal["organizations", "members"]

TEXTS: Final = {
    f"{name}_{language}": (name, language)
    for name in ("name", "alternate_name", "description")
    for language in ("fi", "sv", "en")
}
"""Columns with texts → field of the API, and language."""

_MOST_TOLD: Final = 100
"""Nobody reads more faults than these at once; and looking for words that are like another one takes a while."""

COLUMNS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "organizations": ("slug", "organization_type", *TEXTS, "parent", "email", "website"),
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

    def add_unknown(self, line: Line, column: str, message: str, word: str, known: Sequence[str]) -> None:
        """Note that nothing has the name that is written there, with names that are like it."""
        like = did_you_mean(word, known) if len(self.found) < _MOST_TOLD else ""
        self.add(line, column, f"{message} {word}.{like}")

    def raise_any(self) -> None:
        """Raise PlatformError with all of them, when there is one."""
        if self.found:
            told = "\n".join(f"  {message}" for *_, message in sorted(self.found)[:_MOST_TOLD])
            if len(self.found) > _MOST_TOLD:
                told += f"\n  … and {len(self.found) - _MOST_TOLD} more"
            number = "one thing is" if len(self.found) == 1 else f"{len(self.found)} things are"
            raise PlatformError(f"nothing was entered or changed, for {number} wrong:\n{told}")


def column_of(named: str) -> str | None:
    """The column of a field of the API: `name.fi` is `name_fi`, `roles.0` is `roles`."""
    first, _, rest = named.partition(".")
    known = _COLUMN_OF.get(first, first)
    texts = f"{known}_{rest}"
    return (texts if texts in TEXTS else known) or None


def roles_in(written: str) -> list[str]:
    """The roles in a cell or an option, with spaces, commas or semicolons between them."""
    return [role for role in re.split(r"[\s,;]+", written.lower()) if role]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """` Did you mean …?` with words that are like it, or nothing."""
    like = get_close_matches(word.lower(), known, n=3)
    return f" Did you mean {' or '.join(like)}?" if like else ""


def first_of_each(
    lines: Sequence[Line], columns: Sequence[str], same: Callable[[Line], Hashable], faults: Faults
) -> list[Line]:
    """The lines without those of which `same`, which looks at these columns, is that of one before; each is a fault."""
    seen: dict[Hashable, Line] = {}
    for line in lines:
        before = seen.setdefault(same(line), line)
        if before is not line:
            as_written = all(line.cells[column] == before.cells[column] for column in columns)
            how = "this" if as_written else "but for the way it is written, this"
            faults.add(line, columns[0], f"{how} is in {before} already; keep one of the two")
    return list(seen.values())
