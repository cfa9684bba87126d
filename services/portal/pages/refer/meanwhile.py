"""What became of a draft while somebody was writing it: in another window of theirs, or by a colleague.

The form says what each field held when its page last saw the draft. So what has changed since is told apart from what
the same page has kept a moment ago, whoever did it.
"""

from dataclasses import dataclass
from typing import Any, Final

from services.portal import texts
from services.portal.clients.api import Answer
from services.portal.pages.forms import Form
from services.portal.pages.organization.kinds import Chosen, Kind, Record
from services.portal.pages.organization.meanwhile import merge, seen
from services.portal.pages.page import Page
from services.portal.pages.refer import fields
from services.portal.pages.refer.labels import labels
from shared.values.telephones import same_number


class _Words(Kind):
    """A text: spaces and ends of lines make no other one of it."""

    def compared(self, value: Any) -> Any:
        return " ".join((value or "").split())


class _Address(_Words):
    """A mail address, in capitals or not."""

    def compared(self, value: Any) -> Any:
        return (value or "").casefold()


class _Telephone(_Words):
    """A telephone number, however it is written."""

    def compared(self, value: Any) -> Any:
        return same_number(value) if value else ""


@dataclass
class _Within(_Words):
    """A text that belongs to one choice of what allows telling the desk; without it, it is not kept."""

    choices: tuple[str, ...]

    def read(self, form: Form, name: str) -> Any:
        return form.optional(name) if form.text(fields.ALLOWS) in self.choices else None


_DRAFT: Final = Record(
    {
        "client.kind": Chosen(),
        "client.language": Chosen(),
        "client.interpreter": Chosen(),
        "client.name": _Words(),
        "client.business_id": _Words(),
        "client.phone": _Telephone(),
        "client.email": _Address(),
        "client.contact_via": Chosen(),
        **dict.fromkeys(fields.TEXTS, _Words()),
        "urgency": Chosen(),
        fields.ALLOWS: Chosen(),
        "legal_basis.consent.given_on": _Within(fields.CONSENTS),
        "legal_basis.consent.scope": _Within(fields.CONSENTS),
        "legal_basis.statute": _Within((fields.STATUTE,)),
    }
)


@dataclass(frozen=True)
class Changed:
    """What was changed meanwhile, with what stands there now: where the person wrote too, and where they did not."""

    both: list[dict[str, str]]
    taken: list[dict[str, str]]

    def __bool__(self) -> bool:
        return bool(self.both or self.taken)


def seen_in(form: Form) -> str:
    """What each field of a form holds, for its hidden field."""
    return seen(_DRAFT, form)


def seen_of(kept: Answer, page: Page) -> str:
    """What each field of the form would hold, were it filled with the draft as it is kept."""
    return seen_in(fields.filled(kept.data, page.language))


def merged(page: Page, form: Form, now: Answer) -> tuple[Form, Changed]:
    """The form with what the person wrote in it, and elsewhere what the draft says now; and what was changed.

    Where what stands there now is the beginning of what was typed, the person has just gone on: nothing is lost by it.
    """
    mine, theirs = Form(form.language, dict(form.values)), fields.filled(now.data, page.language)
    found = merge(_DRAFT, mine, theirs)
    both = [name for name in found.both if not _went_on(name, mine, theirs)]
    return mine, Changed(_told(page, both, theirs), _told(page, found.taken, theirs))


def _went_on(name: str, mine: Form, theirs: Form) -> bool:
    before = theirs.text(name)
    return _DRAFT.fields[name].readable and bool(before) and mine.text(name).startswith(before)


def _told(page: Page, names: list[str], theirs: Form) -> list[dict[str, str]]:
    called = labels(page)
    return [{"field": name, "label": called[name], "now": _in_words(page, name, theirs)} for name in names]


def _in_words(page: Page, name: str, form: Form) -> str:
    """What a field holds, as a person reads it."""
    held = form.text(name)
    if name in ("client.interpreter", "client.contact_via", "urgency"):
        return page.t("refer.desk.yes" if held else "refer.desk.no")
    if not held:
        return ""
    if name == "client.kind":
        return page.t("refer.client.company" if held == "company" else "refer.client.person")
    if name == "client.language":
        return texts.language_name(held, page.language)
    if name == "legal_basis.consent.given_on":
        return texts.day(held, page.language)
    return page.code("refer.allows", held) if name == fields.ALLOWS else held
