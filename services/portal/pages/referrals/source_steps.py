"""The steps of the side that refers: send, follow a suggestion, cancel, withdraw the consent, mark in error, close."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.legal_bases import legal_basis, same_basis, statutes
from services.portal.pages.referrals.step import Step, nested, reason, to_the_new_one
from shared.clock import day_in_kuopio

CANCEL_REASONS: Final = ("client_not_interested", "could_not_contact", "not_eligible", "missing_information", "other")


def _send(form: Form) -> JSON:
    return {"on_duplicate": form.text("on_duplicate") or "ask"}


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
    own = str(page.account.organization_id)
    return {
        "rests": found["rests"],
        "seen_by": others_who_saw(found["seen_by"], own),
        "today": day_in_kuopio(page.now).isoformat(),
    }


def others_who_saw(seen_by: Sequence[JSON], own_organization_id: str) -> list[JSON]:
    """What each other organisation has seen of the client, once for each kind, with the last time."""
    latest: dict[tuple[str, str], JSON] = {}
    for each in seen_by:
        key = (each["organization"]["id"], each["what"])
        if key[0] != own_organization_id and (key not in latest or latest[key]["last_at"] < each["last_at"]):
            latest[key] = each
    return list(latest.values())


def _suggestion(form: Form) -> JSON:
    note = form.optional("shareable_note")
    asked = {"legal_basis": legal_basis(form), "on_duplicate": "ask"}
    if form.checked("go_on"):
        asked["on_duplicate"] = "go_on"
    return asked | ({"shareable_note": note} if note else {})


def _can_cancel(referral: JSON) -> bool:
    """Where a desk has yet to answer, it declines: to cancel as well would be two buttons for one answer."""
    unanswered = referral["side"] == "target" and referral["status"] == "requested"
    return "cancel" in referral["commands"] and not unanswered


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
        filled=same_basis,
        context=statutes,
        is_open=_can_follow,
        leads_to=to_the_new_one,
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
        is_open=_can_cancel,
        desk_label="desk.step.cancel",
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
