"""Kinds of fields that stand for the JSON of an API: how a form is filled from it, and what is read back out of one.

A field's name is its place in the JSON: `phones.0.description.fi`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.portal.pages.forms import Form
from services.portal.texts import LANGUAGES
from shared.problems import malformed

_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")
_ROW: Final = re.compile(r"[0-9]{1,3}")


class Kind:
    """One text, as it was typed; None where nothing was."""

    readable = True
    """Whether what stands in the form can be shown to people as it is"""

    def fill(self, form: Form, name: str, given: Any) -> None:
        """Let the form show what an API gave."""
        if given is not None:
            form.values[name] = [str(given)]

    def read(self, form: Form, name: str) -> Any:
        """What an API is to get."""
        return form.optional(name)

    def compared(self, value: Any) -> Any:
        """What was read, in the form in which two are the same that say the same."""
        return value

    def place(self, name: str, parts: list[str]) -> str:
        """The control that an error is about; `parts` are what follows `name` in the API's name of the field."""
        return name


class Chosen(Kind):
    """One of several codes."""

    readable = False


class Number(Kind):
    """A whole number. What is none goes to the API as it was typed, which says so."""

    def read(self, form: Form, name: str) -> Any:
        typed = form.optional(name)
        return int(typed) if typed and _WHOLE.fullmatch(typed) else typed


class Amount(Kind):
    """A sum of money, with a decimal comma where the language has one."""

    def fill(self, form: Form, name: str, given: Any) -> None:
        written = None if given is None else f"{given:.2f}"
        super().fill(form, name, written if written is None or form.language == "en" else written.replace(".", ","))

    def read(self, form: Form, name: str) -> Any:
        typed = form.optional(name)
        return typed and "".join(typed.split()).replace(",", ".")


class Several(Kind):
    """Any of several codes. Further ones may be typed into `<name>_more`, with commas between them."""

    readable = False

    def fill(self, form: Form, name: str, given: Any) -> None:
        if given:
            form.values[name] = [str(each) for each in given]

    def read(self, form: Form, name: str) -> Any:
        return [*form.all(name), *_parts(form.text(f"{name}_more"))]

    def compared(self, value: Any) -> Any:
        return sorted(value)


class Codes(Kind):
    """Codes with commas between them."""

    def fill(self, form: Form, name: str, given: Any) -> None:
        super().fill(form, name, ", ".join(given) if given else None)

    def read(self, form: Form, name: str) -> Any:
        return _parts(form.text(name))


class Words(Kind):
    """Short texts, one a line."""

    def fill(self, form: Form, name: str, given: Any) -> None:
        super().fill(form, name, "\n".join(given) if given else None)

    def read(self, form: Form, name: str) -> Any:
        return [line.strip() for line in form.text(name).split("\n") if line.strip()] or None


@dataclass
class ByLanguage(Kind):
    """The same in Finnish, Swedish and English. `needed`: in one of them at least."""

    kind: Kind = field(default_factory=Kind)
    needed: bool = False

    def fill(self, form: Form, name: str, given: Any) -> None:
        for language in LANGUAGES:
            self.kind.fill(form, f"{name}.{language}", (given or {}).get(language))

    def read(self, form: Form, name: str) -> Any:
        found = {language: self.kind.read(form, f"{name}.{language}") for language in LANGUAGES}
        return found if self.needed or any(found.values()) else None

    def place(self, name: str, parts: list[str]) -> str:
        return f"{name}.{parts[0] if parts and parts[0] in LANGUAGES else LANGUAGES[0]}"


@dataclass
class Record(Kind):
    """Several fields together. Texts by language are given as an API has them, under `translations`.

    Of a record within another what is empty is left out: it is always given whole.
    """

    fields: Mapping[str, Kind]
    readable = False

    def fill(self, form: Form, name: str, given: Any) -> None:
        for field_name, kind in self.fields.items():
            value = given.get(field_name)
            if isinstance(kind, ByLanguage) and not isinstance(value, dict):
                texts = given.get("translations") or {}
                value = {language: texts.get(language, {}).get(field_name) for language in LANGUAGES}
            kind.fill(form, _under(name, field_name), value)

    def read(self, form: Form, name: str) -> Any:
        read = {each: kind.read(form, _under(name, each)) for each, kind in self.fields.items()}
        return {each: value for each, value in read.items() if value is not None} if name else read

    def place(self, name: str, parts: list[str]) -> str:
        if parts and (kind := self.fields.get(parts[0])):
            return kind.place(_under(name, parts[0]), parts[1:])
        return name


@dataclass
class Rows(Kind):
    """A list of records. A row without anything in it is none; `quiet` fields alone do not count as something."""

    record: Record
    quiet: tuple[str, ...] = ()
    most: int = 50
    """So many rows the API keeps: a form with more was made by no page"""
    readable = False

    def fill(self, form: Form, name: str, given: Any) -> None:
        for number, each in enumerate(given or ()):
            self.record.fill(form, f"{name}.{number}", each)

    def read(self, form: Form, name: str) -> Any:
        return [self.record.read(form, row) for row in rows_of(form, name)]

    def place(self, name: str, parts: list[str]) -> str:
        return self.record.place(f"{name}.{parts[0]}", parts[1:]) if parts and _ROW.fullmatch(parts[0]) else name


def rows_of(form: Form, name: str) -> list[str]:
    """The rows of a list as they stand in the form: `phones.0`, `phones.2`."""
    start = f"{name}."
    numbers = {key[len(start) :].partition(".")[0] for key in form.values if key.startswith(start)}
    return [f"{start}{number}" for number in sorted(map(int, filter(_ROW.fullmatch, numbers)))]


def refuse_too_many(form: Form, record: Record, name: str = "") -> None:
    """Raise a 400 for more rows than a list may have, before anything is done with any of them."""
    for field_name, kind in record.fields.items():
        place = _under(name, field_name)
        if isinstance(kind, Rows):
            rows = rows_of(form, place)
            if len(rows) > kind.most:
                raise malformed(f"The form has more than {kind.most} rows of one kind. Go back and send it again.")
            for row in rows:
                refuse_too_many(form, kind.record, row)
        elif isinstance(kind, Record):
            refuse_too_many(form, kind, place)


def most_of(record: Record, name: str) -> int | None:
    """How many rows the list at that place in a form may have; None where there is no such list."""
    kind: Kind | None = record
    for part in name.split("."):
        if isinstance(kind, Rows):
            kind = kind.record
        elif isinstance(kind, Record):
            kind = kind.fields.get(part)
        else:
            return None
    return kind.most if isinstance(kind, Rows) else None


def tidy(form: Form, record: Record, name: str = "") -> None:
    """Take away rows with nothing in them, and number the others anew, so that the API counts them alike."""
    for field_name, kind in record.fields.items():
        place = _under(name, field_name)
        if isinstance(kind, Rows):
            kept = [row for row in rows_of(form, place) if not _is_empty(form, row, kind.quiet)]
            _renumber(form, place, kept)
            for row in rows_of(form, place):
                tidy(form, kind.record, row)
        elif isinstance(kind, Record):
            tidy(form, kind, place)


def add_row(form: Form, lists: Mapping[str, str], name: str) -> str | None:
    """Another row at the end of the list `name`; returns the control to write into.

    `lists` has the first field of a row for each list that may get one. None where there is no such list.
    """
    first = lists.get(re.sub(r"\.[0-9]+\.", ".", name))
    if first is None:
        return None
    taken = [int(row.rpartition(".")[2]) for row in rows_of(form, name)]
    control = f"{name}.{max(taken, default=-1) + 1}.{first}"
    form.values[control] = [""]
    return control


def remove_row(form: Form, row: str) -> str:
    """Take a row away; returns the list that it was in."""
    drop(form, row)
    return row.rpartition(".")[0]


def _renumber(form: Form, name: str, kept: Iterable[str]) -> None:
    taken = [(row, {key: form.values[key] for key in _keys(form, row)}) for row in kept]
    drop(form, name)
    for number, (row, values) in enumerate(taken):
        form.values.update({f"{name}.{number}{key[len(row) :]}": value for key, value in values.items()})


def _is_empty(form: Form, row: str, quiet: tuple[str, ...]) -> bool:
    said = (key for key in _keys(form, row) if key.rpartition(".")[2] not in quiet)
    return not any(value.strip() for key in said for value in form.values[key])


def _keys(form: Form, name: str) -> list[str]:
    return [key for key in form.values if key.startswith(f"{name}.")]


def drop(form: Form, name: str) -> None:
    """Take away all that the form has under a name."""
    for key in _keys(form, name):
        del form.values[key]


def _under(name: str, field_name: str) -> str:
    return f"{name}.{field_name}" if name else field_name


def _parts(typed: str) -> list[str]:
    return [part.strip() for part in typed.split(",") if part.strip()]
