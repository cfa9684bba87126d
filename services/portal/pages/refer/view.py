"""The page on which a referral is written: what it shows beside the form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Response

from services.portal import texts
from services.portal.clients.api import Answer, ApiProblem, Away, or_away, side_by_side
from services.portal.pages.forms import FieldError, Form
from services.portal.pages.page import Page
from services.portal.pages.problem_texts import message_of
from services.portal.pages.refer import fields
from services.portal.pages.refer.keeping import Draft
from services.portal.pages.services import facts
from shared.clock import day_in_kuopio

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Obstacle:
    """Why a service cannot be referred to."""

    problem: ApiProblem


@dataclass
class Beside:
    """What is shown beside the form. `part`: only what is new after a draft was kept, for a script.

    `found`: clients of before, to choose from. `changed`: what somebody else has changed. `duplicates`: those that were
    met in sending.
    """

    status: int = 200
    found: Sequence[Json] | None = None
    changed: Sequence[Json] | None = None
    duplicates: Sequence[Json] | None = None
    part: bool = False


async def show(
    page: Page, form: Form | None, draft: Draft, kept: Answer | None = None, beside: Beside | None = None
) -> Response:
    """The page. `kept`: the draft as it is; without a `form` the page is filled with that."""
    beside = beside or Beside()
    service, statutes, before = await _gather(page, draft, kept)
    names = _names(page, service, kept)
    if form is None:
        form = fields.filled(kept.data, page.language) if kept else Form(page.language)
    fields.with_defaults(form, day_in_kuopio(page.now), page.t("refer.scope.usual", **names))
    told = before if isinstance(before, dict) else {}
    return page.render(
        "refer/kept.html" if beside.part else "refer/refer.html",
        status=beside.status,
        headers={"HX-Replace-Url": f"/refer/{draft.referral_id}"} if beside.part and draft.referral_id else None,
        form=form,
        draft=draft,
        kept=kept,
        names=names,
        service=service,
        hit=None if isinstance(service, Away) else facts.hit(service.data, page.language),
        statutes=_statutes(statutes, page.language),
        spoken=_languages(service, form, page.language),
        allows=_allows(page),
        before=told,
        obstacle=_obstacle(before, page.language),
        back=page.list_before("/services") or "/services",
        duplicates=_duplicates(_met(beside, told), page.language),
        desk=desk_sees(form, names, page),
        found=beside.found,
        changed=beside.changed,
        errors_of=_by_group(form),
        labels=_labels(page),
        today=day_in_kuopio(page.now).isoformat(),
        consent=_consent_address(draft.service_id, form),
    )


async def _gather(page: Page, draft: Draft, kept: Answer | None) -> tuple[Any, Any, Any]:
    """The service, the statutes, and what there is to know before sending, side by side."""
    asked = [page.catalog.get("/services/{id}", id=draft.service_id), page.referral.get("/legal-bases")]
    if kept is not None:
        service, statutes = await side_by_side(*asked)
        return service, statutes, kept.data.get("before_sending")
    service, statutes, before = await side_by_side(*asked, _check(page, draft.service_id))
    return service, statutes, before


async def _check(page: Page, service_id: UUID) -> Any:
    try:
        answer = await or_away(page.referral.post("/referrals/check", {"service_id": str(service_id)}))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return Obstacle(problem)
    return answer if isinstance(answer, Away) else answer.data


def _names(page: Page, service: Any, kept: Answer | None) -> dict[str, str]:
    """What service and organisation are called, by whichever API knows it."""
    if not isinstance(service, Away):
        return {"service": service["name"], "organization": service["organization"]["name"]}
    if kept is None:
        raise service
    shown = (kept["service"], kept["target_organization"])
    service_name, organization = (texts.name(each["name"], page.language) or kept["reference"] for each in shown)
    return {"service": service_name, "organization": organization}


def _statutes(answer: Any, language: str) -> list[dict[str, str]]:
    """The statutes to choose from; none while they cannot be had."""
    if isinstance(answer, Away):
        return []
    return [
        {"value": each["code"], "label": f"{texts.name(each['name'], language)} ({each['citation']})"}
        for each in answer["contents"]
    ]


def _languages(service: Any, form: Form, language: str) -> list[dict[str, str]]:
    first = [] if isinstance(service, Away) else [each["code"] for each in service["languages"]]
    return fields.language_options(first, form.text("client.language"), language)


def _allows(page: Page) -> list[dict[str, str]]:
    return [
        {"value": each, "label": texts.of_code("refer.allows", each, page.language)}
        for each in (*fields.CONSENTS, fields.STATUTE)
    ]


def _obstacle(before: Any, language: str) -> str | None:
    """Why the service cannot be referred to at all."""
    if not isinstance(before, Obstacle):
        return None
    problem = before.problem
    message = (problem.errors or [{}])[0].get("message", problem.detail)
    return message_of(problem.name, message, language)


def _met(beside: Beside, told: Json) -> Sequence[Json]:
    """The earlier referrals of what may be the same client."""
    return told.get("duplicates", []) if beside.duplicates is None else beside.duplicates


def _duplicates(duplicates: Sequence[Json], language: str) -> list[dict[str, Any]]:
    return [
        {
            "href": f"/referrals/{each['referral_id']}",
            "reference": each["reference"],
            "status": each["status"],
            "kind": each["kind"],
            "sent_at": each["sent_at"],
            "matched": texts.enumeration(
                [texts.of_code("refer.matched", by, language) for by in each["matched_by"]], language
            ),
        }
        for each in duplicates
    ]


def desk_sees(form: Form, names: Mapping[str, str], page: Page) -> dict[str, list[dict[str, str]]]:
    """What the desk reads before it accepts, and what it learns when it does, with the form's own words."""
    t, spoken = page.t, form.text("client.language")

    def typed(name: str) -> str:
        return "" if form.error(name) else form.text(name)  # what was not accepted reaches nobody

    urgency = t("refer.desk.urgent") if form.checked("urgency") else t("refer.desk.routine")
    interpreter = t("refer.desk.yes") if form.checked("client.interpreter") else t("refer.desk.no")
    via = t("refer.desk.via_adviser") if form.checked("client.contact_via") else t("refer.desk.via_client")
    company = form.text("client.kind") == "company"
    before = [
        (t("refer.desk.service"), names["service"]),
        (t("refer.desk.from"), texts.name(page.account.organization_name, page.language)),
        (t("refer.client.language"), texts.language_name(spoken, page.language) if spoken else ""),
        (t("refer.desk.urgency"), urgency),
        (t("refer.shareable_note"), typed("shareable_note")),
    ]
    after = [
        (t("refer.client.name"), typed("client.name") or t("refer.desk.unnamed")),
        (t("refer.client.business_id"), typed("client.business_id") if company else ""),
        (t("refer.client.phone"), typed("client.phone")),
        (t("refer.client.email"), typed("client.email")),
        (t("refer.desk.reached"), via),
        (t("refer.client.interpreter"), interpreter),
        (t("refer.reason"), typed("reason")),
        (
            t("refer.allows.title"),
            texts.of_code("refer.allows", form.text(fields.ALLOWS), page.language) if form.text(fields.ALLOWS) else "",
        ),
    ]
    return {"before": _named(before), "after": _named(after)}


def _named(items: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


def _consent_address(service_id: UUID, form: Form) -> str:
    return f"/refer/consent?service={service_id}&language={form.text('client.language') or 'en'}"


_GROUPS: Final = {"client": "who", "on_duplicate": "who", "allows": "allows", "legal_basis": "allows"}
_LABELS: Final = {
    "client.language": "refer.client.language",
    "client.name": "refer.client.name",
    "client.business_id": "refer.client.business_id",
    "client.phone": "refer.client.phone",
    "client.email": "refer.client.email",
    "reason": "refer.reason",
    "shareable_note": "refer.shareable_note",
    "private_note": "refer.private_note",
    fields.ALLOWS: "refer.allows.title",
    "legal_basis.consent.given_on": "refer.consent.given_on",
    "legal_basis.consent.scope": "refer.consent.scope",
    "legal_basis.statute": "refer.statute",
}


def _by_group(form: Form) -> dict[str, list[FieldError]]:
    """What is wrong, by the group of the form in which it is said."""
    groups: dict[str, list[FieldError]] = {"who": [], "what": [], "allows": []}
    for error in form.errors:
        groups[_GROUPS.get(error.field.partition(".")[0], "what")].append(error)
    return groups


def _labels(page: Page) -> dict[str, str]:
    return {name: page.t(key) for name, key in _LABELS.items()}


def what_changed(now: Answer, typed: Form, page: Page) -> list[dict[str, str]]:
    """Where the draft as somebody else left it differs from what was typed: the field, and what stands there now."""
    saved = fields.filled(now.data, page.language)
    return [
        {"field": name, "label": label, "now": saved.text(name)}
        for name, label in _labels(page).items()
        if saved.text(name) != typed.text(name)
    ]
