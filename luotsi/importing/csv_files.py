"""CSV files read and written: UTF-8, comma, semicolon or tab, cells in quotes over lines; the header tells the kind."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from luotsi.importing.lines import COLUMNS, NEEDED, TEXTS, Faults, Kind, Line, did_you_mean
from luotsi.platform.process import PlatformError
from shared.values.characters import without_invisible

MOST_BYTES: Final = 20_000_000
MOST_LINES: Final = 50_000
_LONGEST_NAME: Final = 40
_CHOICE: Final = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in COLUMNS.items())
_FORMULA: Final = re.compile(r"[=+@\t\r]|-(?! )")
_STEERING: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that would steer the terminal on which a fault is told, or say that this is no text at all."""

_DELIMITER_NAMED: Final = re.compile(r'"?sep=.?"?', re.IGNORECASE)
_SPREADSHEET_ERROR: Final = re.compile(r"#(N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|PUUTTUU!|NIMI\?|ARVO!|VIITTAUS!)")


def read_files(names: Sequence[str], faults: Faults) -> dict[Kind, list[Line]]:
    """The lines of all files by the kinds that there are.

    Faults of lines are noted; what is no such file at all raises PlatformError.
    """
    if repeated := {name for name in names if names.count(name) > 1}:
        raise PlatformError(f"{', '.join(sorted(repeated))} is named twice")
    lines: dict[Kind, list[Line]] = {}
    for name in names:
        shown = "standard input" if name == "-" else name
        kind, read = _read(shown, _text(name, shown), faults)
        lines.setdefault(kind, []).extend(read)
    return lines


def write_csv(kind: Kind, rows: Iterable[Mapping[str, str]], file: TextIO) -> None:
    """Write a file that can be read again."""
    writer = csv.DictWriter(file, COLUMNS[kind], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _text(name: str, shown: str) -> str:
    if name == "-":
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        with Path(name).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise PlatformError(f"{shown} is larger than {MOST_BYTES // 1_000_000} MB: divide it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise PlatformError(f"{shown} line {number} is not UTF-8: save the file as CSV UTF-8") from None
    if steering := _STEERING.search(text):
        number = text[: steering.start()].count("\n") + 1
        what = f"a character that is no text (U+{ord(steering[0]):04X})"
        raise PlatformError(f"{shown} line {number} holds {what}: take it out, or save the file as CSV UTF-8")
    return text


def _read(shown: str, text: str, faults: Faults) -> tuple[Kind, list[Line]]:
    rows = _rows(shown, text)
    if (first := next(rows, None)) is None:
        raise PlatformError(f"{shown} is empty: the first line names the columns ({_CHOICE})")
    columns = [without_invisible(each).strip().lower() for each in first[1]]
    while columns and not columns[-1]:
        columns.pop()  # a column that somebody has emptied, which a spreadsheet program still writes
    kind = _kind_of(shown, columns)
    lines: list[Line] = []
    for number, row in rows:
        if len(lines) >= MOST_LINES:
            raise PlatformError(f"{shown} has more than {MOST_LINES} lines: divide it")
        line = Line(shown, number, _cells(columns, row))
        lines.append(line)
        # Fewer are fine: some spreadsheet programs leave out empty cells at the end of some lines.
        if any(cell.strip() for cell in row[len(columns) :]):
            told = f"has {len(row)} cells, and the first line {len(columns)}"
            faults.add(line, None, f"{told}; put a text that holds a comma or semicolon in quotes")
        _check_cells(line, [column for column in NEEDED[kind] if column not in line.cells], faults)
    return kind, lines


def _cells(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """What is written in each column; of all but texts, which see to that themselves, without what is not seen."""
    plain = ((key, cell if key in TEXTS else without_invisible(cell)) for key, cell in zip(columns, row, strict=False))
    return {key: cell.strip() for key, cell in plain if cell.strip()}


def _rows(shown: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the number of the line that it begins at."""
    lines = text.splitlines(keepends=True) if "\n" not in text else text.split("\n")
    physical = [each if each.endswith("\r") and "\n" not in text else each + "\n" for each in lines]
    skipped = 0
    if physical and _DELIMITER_NAMED.fullmatch(physical[0].strip()):
        skipped = 1  # what some spreadsheet programs write for themselves
    first = next((each for each in physical[skipped:] if each.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(physical[skipped:], delimiter=delimiter, strict=True)
    begins = skipped + 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = skipped + reader.line_num + 1
    except csv.Error as error:
        raise PlatformError(
            f"{shown} line {begins} cannot be read: {error}; look for a quote that is not closed"
        ) from None


def _kind_of(shown: str, columns: Sequence[str]) -> Kind:
    kinds: dict[Kind, int] = {kind: sum(column in known for column in columns) for kind, known in COLUMNS.items()}
    likely: Kind = (
        "members"
        if "organization" in columns
        else "organizations"
        if "slug" in columns
        else max(kinds, key=lambda kind: kinds[kind])
    )
    if not any(column in columns for column in NEEDED[likely]):
        missing = "names neither slug, as a file of organisations does, nor organization, as one of members"
        raise PlatformError(f"{shown} line 1 {missing}. It names the columns ({_CHOICE})")
    known = COLUMNS[likely]
    said = [
        f"{column[:_LONGEST_NAME] or '(an empty name)'} is no column of {likely}.{did_you_mean(column, known)}"
        for column in columns
        if column not in known
    ]
    said += [f"{column} is there twice." for column in sorted({each for each in columns if columns.count(each) > 1})]
    said += [f"the column {column} is missing." for column in NEEDED[likely] if column not in columns]
    if said:
        raise PlatformError(f"{shown} line 1: {' '.join(said)} The first line names the columns ({_CHOICE})")
    return likely


def _check_cells(line: Line, missing: Sequence[str], faults: Faults) -> None:
    for column in missing:
        faults.add(line, column, "is empty; give it")
    for column, cell in line.cells.items():
        if _FORMULA.match(cell):
            faults.add(line, column, f"begins like a formula ({cell[0]}); write the text itself")
        elif _SPREADSHEET_ERROR.fullmatch(cell):
            faults.add(line, column, f"is what a spreadsheet shows for an error ({cell}); write the text itself")
