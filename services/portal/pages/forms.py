"""Forms: what somebody typed, what is wrong with it, and how both come back on the page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from services.portal import texts
from services.portal.clients.api import ApiProblem, Away
from services.portal.pages.problem_texts import detail_of, message_of
from shared.problems import Problem, malformed

_MOST_FIELDS = 2500
"""The fifty places of an organisation, with what helps people to get in, have more than a thousand fields"""
_SENT_ALONG = frozenset({"idempotency_key", "etag", "seen", "credential", "queue"})
_CODE = re.compile(r"[a-z0-9_:/.-]*")
_HEADERS = ("idempotency_key", "etag")
_LONGEST_HEADER = 255

NOT_TAKEN: Final = (ApiProblem, Away)
"""What keeps a form from being carried out: an API says no, or does not answer. `Form.take` says either."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with a field, in the person's language; without a field it is about the whole form."""

    field: str
    message: str
    by_api: bool = False
    """Whether an API says so: in words that fit any field"""


@dataclass
class Form:
    """What was typed, by the names of the fields, and what is wrong with it. A page without a form's values has none.

    A field bears the name that the API gives it (`client.email`), so that what the API says of a field finds its place.
    """

    language: str
    values: dict[str, list[str]] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    unanswered: bool = False
    """Whether an API did not answer when the form was to be carried out: the page with it says so by its status."""
    labels: dict[str, str] = field(default_factory=dict)
    """What the fields are called on the page, as far as it has been rendered"""

    @classmethod
    def filled(cls, language: str, values: Mapping[str, Any]) -> "Form":
        """A form as it is first shown, filled with what there is: texts, lists of texts, whether something is so."""
        return cls(language, {name: _as_values(value) for name, value in values.items()})

    def text(self, name: str) -> str:
        """What was typed in a field, without spaces around it; empty where nothing was."""
        return (self.values.get(name) or [""])[0].strip()

    def optional(self, name: str) -> str | None:
        """What was typed in a field; None where nothing was."""
        return self.text(name) or None

    def all(self, name: str) -> list[str]:
        """Everything that was chosen under a name."""
        return [value for value in self.values.get(name, []) if value]

    def checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name))

    def chosen(self, name: str, value: str) -> bool:
        """Whether `value` is among what was chosen: for templates."""
        return value in self.values.get(name, [])

    def value(self, name: str) -> str:
        """What a field shows: for templates."""
        return (self.values.get(name) or [""])[0]

    def call(self, name: str, label: str) -> str:
        """Note what a field is called on the page: for templates, where it shows nothing. The first name stays."""
        self.labels.setdefault(name, label)
        return ""

    def said_of(self, error: FieldError) -> str:
        """What is wrong, where it stands apart from its field: for templates."""
        label = self.labels.get(error.field) if error.by_api else None
        return f"{label}: {error.message}" if label else error.message

    def error(self, name: str, label: str = "") -> str | None:
        """What is wrong with a field, which the page calls `label`: for templates."""
        if label:
            self.call(name, label)
        return next((error.message for error in self.errors if error.field == name), None)

    @property
    def key(self) -> str:
        """The idempotency key of the form: pressed twice, it is carried out once."""
        return self.text("idempotency_key")

    @property
    def version(self) -> str | None:
        """The version of what the person saw, to be sent along with a command."""
        return self.optional("etag")

    def fields(self) -> list[tuple[str, str]]:
        """Every field as it was sent, to be sent again by a page of whatever session there is then."""
        return [(name, value) for name, values in self.values.items() for value in values if name != "csrf_token"]

    def typed(self) -> list[str]:
        """What was written in words, to be read again: neither a choice nor what a page sends along by itself."""
        return [value for name, value in self.fields() if name not in _SENT_ALONG and not _CODE.fullmatch(value)]

    def refuse(self, name: str, message: str) -> None:
        """Say what is wrong with a field (`""`: with the whole)."""
        self.errors.append(FieldError(name, message))

    def take(self, problem: ApiProblem | Away, fields: Mapping[str, str] | None = None) -> None:
        """Say what an API found wrong, or that it did not answer, in the person's words.

        `fields` are names of fields for those of the API, where they are not the same. What is about a field that the
        form does not have is said of the whole.
        """
        if isinstance(problem, Away):
            self.unanswered = True
            self.refuse("", texts.text("problems.form.unanswered", self.language))
            return
        for error in problem.errors or []:
            name = (fields or {}).get(error["field"], error["field"])
            said = message_of(problem.name, error["message"], self.language)
            self.errors.append(FieldError(name, said, by_api=True))
        if not problem.errors:
            self.refuse("", detail_of(problem, self.language))


def parse_form(body: bytes, language: str) -> Form:
    """The form that was posted. Raises a 400 for what is none."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise malformed("The form cannot be read. Go back and send it again.") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    if not all(_is_of_a_page(value) for name in _HEADERS for value in values.get(name, [])):
        raise malformed("The form cannot be read. Go back and send it again.")
    return Form(language, values)


def _is_of_a_page(value: str) -> bool:
    """Whether a key or a version may be one that a page had: an API gets it in a header."""
    return len(value) <= _LONGEST_HEADER and value.isascii() and (value.isprintable() or not value)


def _as_values(value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return ["true"]
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


__all__ = ["FieldError", "Form", "Problem", "parse_form"]
