"""The steps of the desk that was asked: answering, working with the client, and passing on."""

from collections.abc import Mapping
from typing import Any, Final

from services.portal.clients.api import side_by_side
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.colleagues import colleagues_of
from services.portal.pages.referrals.legal_bases import legal_basis, same_basis, statutes
from services.portal.pages.referrals.other_services import found_services
from services.portal.pages.referrals.step import Step, nested, reason, to_the_new_one

DECLINE_REASONS: Final = (
    "no_capacity",
    "not_eligible",
    "outside_area",
    "missing_information",
    "lack_of_resources",
    "could_not_contact",
    "client_not_interested",
)
"""Codes that say enough; besides them there is `other`, with words"""
_HOLD_REASONS: Final = ("could_not_contact", "missing_information", "lack_of_resources", "no_capacity", "other")
_FAIL_REASONS: Final = (
    "could_not_contact",
    "client_not_interested",
    "not_eligible",
    "missing_information",
    "lack_of_resources",
    "outside_area",
    "other",
)
_OUTCOMES: Final = (
    "services_received",
    "enrolled",
    "waitlisted",
    "referred_elsewhere",
    "needs_not_met",
    "not_enrolled",
    "no_show",
)
_OPEN: Final = frozenset({"requested", "accepted", "in-progress", "on-hold"})


def _declined(form: Form) -> JSON:
    return reason(form) | nested(form, "suggested_service_id")


async def _to_decline(page: Page, referral: JSON) -> Mapping[str, Any]:
    return {"reasons": DECLINE_REASONS, **await found_services(page, referral, "suggested_service_id")}


async def _reasons_to_hold(_: Page, __: JSON) -> Mapping[str, Any]:
    return {"reasons": _HOLD_REASONS}


async def _reasons_to_fail(_: Page, __: JSON) -> Mapping[str, Any]:
    return {"reasons": _FAIL_REASONS}


def _outcome(form: Form) -> JSON:
    return nested(form, "outcome.code", "outcome.text")


async def _outcomes(_: Page, __: JSON) -> Mapping[str, Any]:
    return {"outcomes": _OUTCOMES}


def _assignment(form: Form) -> JSON:
    return {"member_id": form.optional("member_id")}


def _assigned(page: Page, referral: JSON) -> Mapping[str, Any]:
    return {"member_id": referral["assigned_member_id"] or str(page.account.id)}


async def _people(page: Page, _: JSON) -> Mapping[str, Any]:
    """Those of the desk to whom a referral may be given, oneself first."""
    me = str(page.account.id)
    others = [
        {"value": each["id"], "label": each["email"]}
        for each in await colleagues_of(page)
        if each["active"] and "recipient" in each["roles"] and each["id"] != me
    ]
    return {"me": me, "others": others}


def _can_assign(referral: JSON) -> bool:
    return referral["side"] == "target" and referral["status"] in _OPEN


def _passed_on(form: Form) -> JSON:
    return nested(form, "service_id", "reason", "shareable_note", "urgency") | {"legal_basis": legal_basis(form)}


def _as_it_was(page: Page, referral: JSON) -> Mapping[str, Any]:
    return {**same_basis(page, referral), "reason": referral["reason"], "urgency": referral["urgency"]}


async def _to_pass_on(page: Page, referral: JSON) -> Mapping[str, Any]:
    bases, services = await side_by_side(statutes(page, referral), found_services(page, referral, "service_id"))
    return {**bases, **services}


def _worked(command: str, event: str, template: str | None = None, **more: Any) -> Step:
    """A step of a desk; its form has the command's name."""
    form = f"referrals/steps/{template}.html" if template else None
    return Step(command, event, more.pop("label"), more.pop("done"), template=form, **more)


STEPS: Final = (
    _worked("accept", "accepted", label="referrals.step.accept", done="referrals.done.accept", kind=""),
    _worked(
        "decline",
        "declined",
        "decline",
        label="desk.step.decline",
        done="desk.done.decline",
        body=_declined,
        context=_to_decline,
    ),
    _worked("start", "started", label="desk.step.start", done="desk.done.start", kind=""),
    _worked("resume", "resumed", label="desk.step.resume", done="desk.done.resume", kind=""),
    _worked(
        "complete",
        "completed",
        "complete",
        label="desk.step.complete",
        done="desk.done.complete",
        body=_outcome,
        context=_outcomes,
    ),
    _worked(
        "hold",
        "held",
        "because",
        label="desk.step.hold",
        done="desk.done.hold",
        body=reason,
        context=_reasons_to_hold,
    ),
    _worked(
        "assign",
        "assigned",
        "assign",
        label="desk.step.assign",
        done="desk.done.assign",
        body=_assignment,
        filled=_assigned,
        context=_people,
        is_open=_can_assign,
    ),
    _worked(
        "forward",
        "forwarded",
        "forward",
        label="desk.step.forward",
        done="desk.done.forward",
        body=_passed_on,
        filled=_as_it_was,
        context=_to_pass_on,
        leads_to=to_the_new_one,
    ),
    _worked(
        "fail",
        "failed",
        "because",
        label="desk.step.fail",
        done="desk.done.fail",
        body=reason,
        context=_reasons_to_fail,
    ),
)
