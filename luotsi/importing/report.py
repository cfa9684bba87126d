"""What a run did, or would do, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from luotsi.importing.lines import Kind, Line


@dataclass
class Done:
    """What came of the lines of one kind: which were entered, changed, as they were; and those that are deactivated."""

    entered: list[tuple[Line, str]] = field(default_factory=list)
    changed: list[tuple[Line, str, str]] = field(default_factory=list)
    """Which, and what of it."""
    as_they_were: int = 0
    deactivated: list[tuple[Line, str]] = field(default_factory=list)
    others: int = 0
    """How many the catalogue has that are in no file; of members, those of the organisations in the files."""


KIND_IN_WORDS: Final[Mapping[Kind, str]] = {"organizations": "organisations", "members": "members"}


def as_lines(kind: Kind, done: Done, *, dry_run: bool) -> Iterator[str]:
    """The report on one kind: a line for each that is new or changed, then how many."""
    would = "would be " if dry_run else ""
    named = KIND_IN_WORDS[kind]
    yield from (f"{line}: {what} {would or 'is '}entered" for line, what in done.entered)
    yield from (f"{line}: {what} {would or 'is '}changed ({how})" for line, what, how in done.changed)
    for line, what in done.deactivated:
        yield f"{line}: {what} is deactivated and stays so"
    counts = f"{len(done.entered)} {would}entered, {len(done.changed)} {would}changed"
    yield f"{named}: {counts}, {done.as_they_were} as they were"
    if done.others:
        yield f"{named}: {done.others} in no file stay as they are"
