"""What changed while somebody was typing: which fields others have changed, and which ones both have."""

import hashlib
import json
from dataclasses import dataclass

from services.portal.pages.forms import Form
from services.portal.pages.organization.kinds import Kind, Record, Rows
from services.portal.pages.organization.rows import drop, rows_of

SEEN = "seen"
"""The hidden field that says what each field, and each row of a list, held when the form was first shown: digests"""
_ROWS = ".*"
"""Behind the name of a list: the digests of its rows"""


@dataclass(frozen=True)
class Meanwhile:
    """Fields that others changed: `taken` over, for the person had left them as they were, or changed by `both`.

    In lists that are `joined` both changed rows, and the form has now those of both.
    """

    taken: list[str]
    both: list[str]
    joined: list[str]


def seen(record: Record, form: Form) -> str:
    """What each field holds now, for the hidden field."""
    fields = [f"{name}={_digest(record, form, name)}" for name in record.fields]
    lists = [(name, kind) for name, kind in record.fields.items() if isinstance(kind, Rows)]
    return " ".join([*fields, *(f"{name}{_ROWS}={','.join(_rows(kind, form, name).values())}" for name, kind in lists)])


def changed_fields(record: Record, form: Form) -> list[str]:
    """The fields that the person has changed; all of them where nobody knows what they held."""
    before = _parsed(form.text(SEEN))
    return [name for name in record.fields if before.get(name) != _digest(record, form, name)]


def is_there(record: Record, form: Form, present: Form) -> bool:
    """Whether all that the person changed is what is kept already, so that there is nothing left to save."""
    return all(
        _digest(record, form, name) == _digest(record, present, name) or _has_rows(record, form, present, name)
        for name in changed_fields(record, form)
    )


def own_rows(kind: Rows, form: Form, present: Form, name: str) -> list[int]:
    """The numbers of the rows in `present` that the form was made from: it may show a part of a long list."""
    before = set(_parsed(form.text(SEEN)).get(name + _ROWS, "").split(","))
    ids = {form.text(f"{row}.id") for row in rows_of(form, name)} - {""}
    return [
        int(row.rpartition(".")[2])
        for row, digest in _rows(kind, present, name).items()
        if digest in before or present.text(f"{row}.id") in ids
    ]


def _has_rows(record: Record, form: Form, present: Form, name: str) -> bool:
    """Whether a list has all rows that the form has, and none of those that were taken away in it."""
    kind, before = record.fields[name], _parsed(form.text(SEEN)).get(name + _ROWS)
    if not isinstance(kind, Rows) or before is None:
        return False
    mine, theirs = set(_rows(kind, form, name).values()), set(_rows(kind, present, name).values())
    return mine <= theirs and not (set(before.split(",")) - mine) & theirs


def merge(record: Record, form: Form, present: Form) -> Meanwhile:
    """Keep in `form` what the person changed, and take over from `present` what others did, where they alone did."""
    before = _parsed(form.text(SEEN))
    found = Meanwhile([], [], [])
    for name, kind in record.fields.items():
        mine, theirs = _digest(record, form, name), _digest(record, present, name)
        if theirs in (before.get(name), mine):
            continue
        if mine == before.get(name):
            _take_over(form, present, name)
            found.taken.append(name)
        elif isinstance(kind, Rows) and name + _ROWS in before:
            _join(kind, form, present, name, set(before[name + _ROWS].split(",")))
            found.joined.append(name)
        else:
            found.both.append(name)
    return found


def _join(kind: Rows, form: Form, present: Form, name: str, before: set[str]) -> None:
    """Take away the rows of `before` that others took away or changed, and add those that they added or changed.

    A row with an id that both changed stays as the person has it.
    """
    theirs = _rows(kind, present, name)
    for row, digest in _rows(kind, form, name).items():
        if digest in before and digest not in theirs.values():
            drop(form, row)
    mine = _rows(kind, form, name)
    ids = {form.text(f"{row}.id") for row in mine} - {""}
    number = max((int(row.rpartition(".")[2]) for row in mine), default=-1)
    for row, digest in theirs.items():
        if digest in before or digest in mine.values() or present.text(f"{row}.id") in ids:
            continue
        number += 1
        added = {key: values for key, values in present.values.items() if _is_in(key, row)}
        form.values.update({f"{name}.{number}{key[len(row) :]}": values for key, values in added.items()})


def shown(present: Form, name: str) -> str:
    """What a field holds now, in one line."""
    values = [value for key in present.values if _is_in(key, name) for value in present.values[key] if value.strip()]
    return " · ".join(value.replace("\n", ", ") for value in values)


def _take_over(form: Form, present: Form, name: str) -> None:
    for key in [key for key in form.values if _is_in(key, name) or key == f"{name}_more"]:
        del form.values[key]
    form.values.update({key: values for key, values in present.values.items() if _is_in(key, name)})


def _is_in(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")


def _digest(record: Record, form: Form, name: str) -> str:
    return _short(record.fields[name], form, name)


def _rows(kind: Rows, form: Form, name: str) -> dict[str, str]:
    """Each row of a list with a digest of what it holds."""
    return {row: _short(kind.record, form, row) for row in rows_of(form, name)}


def _short(kind: Kind, form: Form, name: str) -> str:
    held = json.dumps(kind.compared(kind.read(form, name)), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(held.encode()).hexdigest()[:8]


def _parsed(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split() if "=" in part)
