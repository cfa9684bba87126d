"""The steps of the side that refers: send, follow a suggestion, cancel, withdraw the consent, mark in error, close."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.portal.clients.api import Answer
from services.portal.pages.forms import Form
from services.portal.pages.page import Page
from services.portal.pages.referrals.step import JSON, Step, nested
from shared.clock import day_in_kuopio

CANCEL_REASONS: Final = ("client_not_interested", "could_not_contact", "not_eligible", "missing_information", "other")


def _send(form: Form) -> JSON:
    return {"on_duplicate": form.text("on_duplicate") or "ask"}


def reason(form: Form) -> JSON:
    """A reason with its words, out of a form that asks for both."""
    return nested(form, "reason.code", "reason.text")


def _what_went_wrong(form: Form) -> JSON:
    return {"reason": {"code": "other"} | nested(form, "reason.text").get("reason", {})}


async def _reasons_to_cancel(_: Page, __: JSON) -> Mapping[str, Any]:
    return {"reasons": CANCEL_REASONS}


def _withdrawal(form: Form) -> JSON:
    return nested(form, "withdrawal.told_by", "withdrawal.told_on")


def _told_today(page: Page, _: JSON) -> Mapping[str, Any]:
    return {"withdrawal.told_by": "client", "withdrawal.told_on": day_in_kuopio(page.now).isoformat()}


async def _withdrawal_ends(page: Page, referral: JSON) -> Mapping[str, Any]:
    found = await page.referral.get("/referrals/{id}/withdrawal", id=referral["id"])
    return {"preview": found.data, "today": day_in_kuopio(page.now).isoformat()}


def _suggestion(form: Form) -> JSON:
    kind = form.text("legal_basis.kind")
    names = ("given_on", "how", "scope")
    basis = (
        nested(form, *(f"legal_basis.consent.{name}" for name in names))
        if kind == "consent"
        else nested(form, "legal_basis.statute")
    )
    note = form.optional("shareable_note")
    asked = {"legal_basis": {"kind": kind} | basis.get("legal_basis", {}), "on_duplicate": "ask"}
    if form.checked("go_on"):
        asked["on_duplicate"] = "go_on"
    return asked | ({"shareable_note": note} if note else {})


def _same_basis(page: Page, referral: JSON) -> Mapping[str, Any]:
    """The basis of the declined referral, with a consent as of today: it has to be given anew for another recipient."""
    basis = referral["legal_basis"] or {"kind": "consent"}
    consent = basis.get("consent") or {"how": "oral", "scope": ""}
    return {
        "legal_basis.kind": basis["kind"],
        "legal_basis.consent.given_on": day_in_kuopio(page.now).isoformat(),
        "legal_basis.consent.how": consent["how"],
        "legal_basis.consent.scope": consent["scope"],
        "legal_basis.statute": basis.get("statute", ""),
        "shareable_note": referral["shareable_note"],
    }


async def _for_suggestion(page: Page, _: JSON) -> Mapping[str, Any]:
    bases = await page.referral.get("/legal-bases")
    return {"statutes": bases["contents"], "note": bases["note"], "today": day_in_kuopio(page.now).isoformat()}


def _to_the_new_one(answer: Answer, _: UUID) -> str:
    return f"/referrals/{answer['id']}"


def _can_follow(referral: JSON) -> bool:
    """A declined referral with a suggestion that was not followed yet."""
    suggested = referral["suggested_service"] is not None and referral["followed_by"] is None
    return bool(referral["side"] == "source" and referral["status"] == "rejected" and suggested)


STEPS: Final = (
    Step(
        "send",
        "sent",
        "referrals.step.send",
        "referrals.done.send",
        kind="",
        template="referrals/steps/send.html",
        body=_send,
    ),
    Step(
        "send-suggested",
        "followed",
        "referrals.step.send-suggested",
        "referrals.done.send-suggested",
        kind="",
        template="referrals/steps/send-suggested.html",
        body=_suggestion,
        filled=_same_basis,
        context=_for_suggestion,
        is_open=_can_follow,
        leads_to=_to_the_new_one,
    ),
    Step("close", "closed", "referrals.step.close", "referrals.done.close", kind=""),
    Step(
        "cancel",
        "cancelled",
        "referrals.step.cancel",
        "referrals.done.cancel",
        template="referrals/steps/cancel.html",
        body=reason,
        context=_reasons_to_cancel,
    ),
    Step(
        "withdraw-consent",
        "consent_withdrawn",
        "referrals.step.withdraw-consent",
        "referrals.done.withdraw-consent",
        template="referrals/steps/withdraw-consent.html",
        body=_withdrawal,
        filled=_told_today,
        context=_withdrawal_ends,
    ),
    Step(
        "mark-error",
        "marked_in_error",
        "referrals.step.mark-error",
        "referrals.done.mark-error",
        template="referrals/steps/mark-error.html",
        body=_what_went_wrong,
    ),
)
