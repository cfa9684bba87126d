"""Kinds of fields that stand for the JSON of an API: how a form is filled from it, and what is read back out of one.

A field's name is its place in the JSON: `phones.0.description.fi`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.portal.pages.forms import Form
from services.portal.pages.organization.rows import ROW, rows_of, under
from services.portal.texts import LANGUAGES

_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")


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
            kind.fill(form, under(name, field_name), value)

    def read(self, form: Form, name: str) -> Any:
        read = {each: kind.read(form, under(name, each)) for each, kind in self.fields.items()}
        return {each: value for each, value in read.items() if value is not None} if name else read

    def place(self, name: str, parts: list[str]) -> str:
        if parts and (kind := self.fields.get(parts[0])):
            return kind.place(under(name, parts[0]), parts[1:])
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
        return self.record.place(f"{name}.{parts[0]}", parts[1:]) if parts and ROW.fullmatch(parts[0]) else name


def _parts(typed: str) -> list[str]:
    return [part.strip() for part in typed.split(",") if part.strip()]
