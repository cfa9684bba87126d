"""What changed while somebody was typing: which fields others have changed, and which ones both have."""

import hashlib
import json
from dataclasses import dataclass

from services.portal.pages.forms import Form
from services.portal.pages.organization.kinds import Record

SEEN = "seen"
"""The hidden field that says what each field held when the form was first shown, as a short digest"""


@dataclass(frozen=True)
class Meanwhile:
    """Fields that others changed: `taken` over, for the person had left them as they were, or changed by `both`."""

    taken: list[str]
    both: list[str]


def seen(record: Record, form: Form) -> str:
    """What each field holds now, for the hidden field."""
    return " ".join(f"{name}={_digest(record, form, name)}" for name in record.fields)


def changed_fields(record: Record, form: Form) -> list[str]:
    """The fields that the person has changed; all of them where nobody knows what they held."""
    before = _parsed(form.text(SEEN))
    return [name for name in record.fields if before.get(name) != _digest(record, form, name)]


def merge(record: Record, form: Form, present: Form) -> Meanwhile:
    """Keep in `form` what the person changed, and take over from `present` what others did, where they alone did."""
    before = _parsed(form.text(SEEN))
    taken, both = [], []
    for name in record.fields:
        mine, theirs = _digest(record, form, name), _digest(record, present, name)
        if theirs in (before.get(name), mine):
            continue
        if mine == before.get(name):
            _take_over(form, present, name)
            taken.append(name)
        else:
            both.append(name)
    return Meanwhile(taken, both)


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
    kind = record.fields[name]
    held = json.dumps(kind.compared(kind.read(form, name)), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(held.encode()).hexdigest()[:8]


def _parsed(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split() if "=" in part)
