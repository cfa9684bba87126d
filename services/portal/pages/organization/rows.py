"""Rows of lists as they stand in a form, by the names of its fields: `phones.0.number`, `phones.2.number`."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from services.portal.pages.forms import Form

ROW: Final = re.compile(r"[0-9]{1,3}")


def rows_of(form: Form, name: str) -> list[str]:
    """The rows of a list as they stand in the form: `phones.0`, `phones.2`."""
    start = f"{name}."
    numbers = {key[len(start) :].partition(".")[0] for key in form.values if key.startswith(start)}
    return [f"{start}{number}" for number in sorted(map(int, filter(ROW.fullmatch, numbers)))]


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


def drop(form: Form, name: str) -> None:
    """Take away all that the form has under a name."""
    for key in _keys(form, name):
        del form.values[key]


def renumber(form: Form, name: str, kept: Iterable[str]) -> None:
    """Let the list have these rows alone, counted from 0."""
    taken = [(row, {key: form.values[key] for key in _keys(form, row)}) for row in kept]
    drop(form, name)
    for number, (row, values) in enumerate(taken):
        form.values.update({f"{name}.{number}{key[len(row) :]}": value for key, value in values.items()})


def is_empty(form: Form, row: str, quiet: tuple[str, ...]) -> bool:
    """Whether nothing was typed into a row but into its `quiet` fields."""
    said = (key for key in _keys(form, row) if key.rpartition(".")[2] not in quiet)
    return not any(value.strip() for key in said for value in form.values[key])


def _keys(form: Form, name: str) -> list[str]:
    return [key for key in form.values if key.startswith(f"{name}.")]


def under(name: str, field_name: str) -> str:
    """The name of a field within what has that name; alone where that is the form itself."""
    return f"{name}.{field_name}" if name else field_name
