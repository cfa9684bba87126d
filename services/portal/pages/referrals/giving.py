"""Taking a step: its form, the command, and what is said where somebody else was quicker."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer, ApiProblem, Away, side_by_side
from services.portal.pages.access import members
from services.portal.pages.forms import NOT_TAKEN, Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals import timeline
from services.portal.pages.referrals.all_steps import STEPS
from services.portal.pages.referrals.colleagues import colleagues_of
from services.portal.pages.referrals.showing import area_of, show
from services.portal.pages.referrals.step import Step, fields_at_fault

router = APIRouter()

_CONFIRM = "referrals/steps/confirm.html"
_QUEUE: Final = "/desk"
"""The page of queues: who begins a step in a row of it is led back there"""


def was_taken(step: Step, items: Sequence[JSON], member_id: str, version: int) -> bool:
    """Whether the member has taken the step on that version already: a button that was pressed twice.

    `items` are those of the timeline.
    """
    event = f"referral.{step.event}.v1"
    return any(
        item["version"] == version + 1 and item["event_type"] == event and item["member_id"] == member_id
        for item in items
    )


async def open_form(page: Page, referral_id: UUID, step: Step) -> Response:
    """The form of a step, or the referral where the step is not open any more."""
    referral = await page.referral.get("/referrals/{id}", id=referral_id)
    if not step.open_in(referral.data):
        return page.redirect(f"/referrals/{referral_id}")
    form = Form.filled(page.language, step.filled(page, referral.data))
    form.values["queue"] = [page.list_before(_QUEUE) or page.request.query_params.get("queue", "")]
    return await _form(page, step, referral.data, form, etag=referral.etag)


async def take(page: Page, referral_id: UUID, step: Step) -> Response:
    """Give the command. Refused, the form comes back with what was typed and what is wrong."""
    form = page.form
    try:
        answer = await page.referral.post(
            "/referrals/{id}/" + step.command, step.body(form), key=form.key, etag=form.version, id=referral_id
        )
    except NOT_TAKEN as problem:
        return await _refused(page, referral_id, step, problem)
    return page.redirect(_after(form, step, answer, referral_id))


def _after(form: Form, step: Step, answer: Answer, referral_id: UUID) -> str:
    """The page after a step: the queue in whose row it was begun, with what was answered; else the step's own."""
    queue = urlsplit(form.text("queue"))
    if queue.path != _QUEUE or queue.netloc:
        return f"{step.leads_to(answer, referral_id)}?done={step.command}"
    kept = [(name, value) for name, value in parse_qsl(queue.query) if name != "answered"]
    return f"{_QUEUE}?{urlencode([*kept, ('answered', answer['reference'])])}"


async def _refused(page: Page, referral_id: UUID, step: Step, problem: ApiProblem | Away) -> Response:
    if problem.status in (403, 404):
        raise problem
    form = page.form
    referral, happened, colleagues = await side_by_side(
        page.referral.get("/referrals/{id}", id=referral_id),
        page.referral.get("/referrals/{id}/timeline", id=referral_id),
        colleagues_of(page),
    )
    for needed in (referral, happened):
        if isinstance(needed, Away):
            raise needed
    known = _version(form)
    unsure = problem.name == "stale-version" or isinstance(problem, Away)
    if unsure and was_taken(step, happened["contents"], str(page.account.id), known):
        return page.redirect(_after(form, step, referral, referral_id))
    form.take(problem, fields_at_fault(form))
    if not step.open_in(referral.data):
        return await show(page, referral_id, status=409, form=form)
    changes: list[JSON] = []
    if problem.name == "stale-version":
        names = timeline.Names.of(referral.data, colleagues, page.language)
        changes = timeline.changes_since(happened["contents"], names, referral["reference"], known)
    duplicates = problem.members.get("duplicates", [])
    status = problem.status if problem.status in (409, 412) else 422
    # Without an answer nothing is known of what others have done: what the person has seen is still the version.
    etag = form.version if form.unanswered else referral.etag
    return await _form(
        page, step, referral.data, form, etag=etag, status=status, changes=changes, duplicates=duplicates
    )


async def _form(  # noqa: PLR0913 - what the page shows
    page: Page,
    step: Step,
    referral: JSON,
    form: Form,
    *,
    etag: str | None,
    status: int = 200,
    changes: Sequence[JSON] = (),
    duplicates: Sequence[Any] = (),
) -> Response:
    page.area = area_of(referral)
    return page.render(
        step.template or _CONFIRM,
        status=status,
        form=form,
        step=step,
        referral=referral,
        etag=etag,
        changes=changes,
        duplicates=duplicates,
        **await step.context(page, referral),
    )


def _version(form: Form) -> int:
    """The version that the person saw; 0 for none."""
    digits = (form.version or "").strip('W/"').partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


def _add_routes(step: Step) -> None:
    async def form_of_step(page: Annotated[Page, members("adviser", "recipient")], referral_id: UUID) -> Response:
        return await open_form(page, referral_id, step)

    async def take_step(page: Annotated[Page, members("adviser", "recipient")], referral_id: UUID) -> Response:
        return await take(page, referral_id, step)

    path = f"/referrals/{{referral_id}}/{step.command}"
    router.add_api_route(path, form_of_step, methods=["GET"], name=f"{step.command}-form")
    router.add_api_route(path, take_step, methods=["POST"], name=step.command)


for each in STEPS:
    _add_routes(each)
