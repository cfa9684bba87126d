"""The page on which a referral is written: what it shows beside the form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response

from services.portal import texts
from services.portal.clients.api import Answer, ApiProblem, Away, or_away, side_by_side
from services.portal.pages.forms import Form
from services.portal.pages.page import Page
from services.portal.pages.problem_texts import message_of
from services.portal.pages.refer import fields
from services.portal.pages.refer.desk_view import desk_sees
from services.portal.pages.refer.keeping import Draft
from services.portal.pages.refer.labels import by_place, labels
from services.portal.pages.refer.meanwhile import Changed, seen_in
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
    changed: Changed | None = None
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
    draft.seen = draft.seen or seen_in(form)
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
        errors_of=by_place(form),
        labels=labels(page),
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


def _consent_address(service_id: UUID, form: Form) -> str:
    return f"/refer/consent?service={service_id}&language={form.text('client.language') or 'en'}"
