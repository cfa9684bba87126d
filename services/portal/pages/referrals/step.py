"""What a step with a referral is: a command of the API, its button, and its form where it needs one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.portal.clients.api import Answer
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page


def nothing(_: Form) -> JSON:
    """The body of a command that brings nothing along."""
    return {}


def nested(form: Form, *names: str) -> JSON:
    """What was typed in fields with names such as `reason.code`, as JSON; fields that were left empty are left out."""
    found: JSON = {}
    for name in names:
        if value := form.text(name):
            *above, last = name.split(".")
            place = found
            for each in above:
                place = place.setdefault(each, {})
            place[last] = value
    return found


def reason(form: Form) -> JSON:
    """A reason with its words, out of a form that asks for both."""
    return nested(form, "reason.code", "reason.text")


def fields_at_fault(form: Form) -> Mapping[str, str]:
    """The fields of a form for what the API says of a reason, an outcome or a basis as a whole."""
    code = form.text("reason.code")
    by_consent = form.text("legal_basis.kind") == "consent"
    return {
        "reason": "reason.text" if code == "other" else "reason.code",
        "body": "reason.text" if code else "reason.code",
        "outcome": "outcome.code",
        "legal_basis": "legal_basis.consent.given_on" if by_consent else "legal_basis.statute",
    }


async def nothing_more(_: Page, __: JSON) -> Mapping[str, Any]:
    """The context of a form that shows nothing but the referral."""
    return {}


def back_to_it(_: Answer, referral_id: UUID) -> str:
    """After a step, its referral again."""
    return f"/referrals/{referral_id}"


def to_the_new_one(answer: Answer, _: UUID) -> str:
    """After a step that created a referral, that one."""
    return f"/referrals/{answer['id']}"


@dataclass(frozen=True)
class Step:
    """A step with a referral.

    `command` is that of the API, `POST /referrals/{id}/<command>`, and of the page below the referral's; `event` is
    the one it records, `referral.<event>.v1`. `label` and `done` are keys of texts: of the button, and of what is
    said after it; `desk_label` is that of a desk's button where it has another. `template` is the page with its form;
    None: one press of the button is all, and there is a form only when somebody else was quicker. `body` is what the
    command brings along, out of the form, `filled` what the form shows first, and `context` what else is on its page.
    A step is open when the API says that its command is, or where `is_open` says so. `leads_to` is the page after it.
    """

    command: str
    event: str
    label: str
    done: str
    kind: str = "secondary"
    template: str | None = None
    body: Callable[[Form], JSON] = nothing
    filled: Callable[[Page, JSON], Mapping[str, Any]] = lambda _page, _referral: {}
    context: Callable[[Page, JSON], Awaitable[Mapping[str, Any]]] = nothing_more
    is_open: Callable[[JSON], bool] | None = None
    leads_to: Callable[[Answer, UUID], str] = back_to_it
    desk_label: str | None = None

    def label_on(self, referral: JSON) -> str:
        """The key of its button's text, for the side that sees the referral."""
        return self.desk_label if self.desk_label and referral["side"] == "target" else self.label

    def open_in(self, referral: JSON) -> bool:
        """Whether it may be taken now, with the referral as its side sees it."""
        return self.is_open(referral) if self.is_open is not None else self.command in referral["commands"]
