"""Writing and sending a referral."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import Answer, ApiProblem, Away
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.organization.meanwhile import SEEN
from services.portal.pages.page import Page
from services.portal.pages.problem_texts import advice_on
from services.portal.pages.refer import fields
from services.portal.pages.refer.clients import search_clients
from services.portal.pages.refer.keeping import ChangedMeanwhile, Draft, NoDraft, keep, see_anew
from services.portal.pages.refer.meanwhile import seen_of
from services.portal.pages.refer.view import Beside, show
from shared.problems import Problem, not_found

router = APIRouter()
_MISSING: Final = {
    "client.language": "refer.missing.language",
    "reason": "refer.missing.reason",
    fields.ALLOWS: "refer.missing.allows",
    "legal_basis.statute": "refer.missing.statute",
}
Adviser = Annotated[Page, members("adviser")]


@router.get("/refer")
async def begin(page: Adviser, service: Annotated[UUID, Query()]) -> Response:
    """An empty form for a service. A draft is kept of it from the first field on."""
    return await show(page, None, Draft(service))


@router.get("/refer/{referral_id}")
async def go_on(page: Adviser, referral_id: UUID) -> Response:
    """A draft, to go on with; what is no draft has a page of its own."""
    kept = await page.referral.get("/referrals/{id}", id=referral_id)
    if kept["status"] != "draft":
        return page.redirect(f"/referrals/{referral_id}")
    return await show(page, None, _draft_of(page, kept), kept)


@router.post("/refer")
async def write(page: Adviser) -> Response:
    """Keep the draft, look for the client of before, or send: by the button that was pressed.

    A script that keeps what is being typed presses none, and is answered with the part of the page that is new.
    """
    form, step = page.form, page.form.text("step")
    draft = _draft_in(form)
    try:
        return await _carry_out(page, form, draft, step)
    except ChangedMeanwhile as news:
        return await _changed(page, form, draft, news)
    except NoDraft as ended:
        return page.redirect(_after(ended.now, step))
    except Away as away:
        form.take(away)
        return await show(page, form, draft, beside=Beside(503, part=_is_in_passing(page, step)))


def _is_in_passing(page: Page, step: str) -> bool:
    return page.is_partial and not step


async def _carry_out(page: Page, form: Form, draft: Draft, step: str) -> Response:
    if step == "find" or (step == "keep" and form.text("find")):  # Enter was pressed in the field of the search
        return await show(page, form, draft, beside=Beside(found=await search_clients(page, form)))
    if _is_in_passing(page, step):
        return await _keep_in_passing(page, form, draft)
    client_id = step.removeprefix("client:") if step.startswith("client:") else None
    kept = await keep(page, form, draft, client_id=client_id)
    if step == "send":
        return await _send(page, form, draft, kept)
    return await _again(page, form, draft, kept) if form.errors else page.redirect(f"/refer/{draft.referral_id}")


async def _keep_in_passing(page: Page, form: Form, draft: Draft) -> Response:
    """Keep what is being typed, as soon as there is something."""
    begun = draft.referral_id is not None or not fields.is_untouched(form)
    kept = await keep(page, form, draft) if begun else None
    return await show(page, form, draft, kept, Beside(part=True))


async def _changed(page: Page, form: Form, draft: Draft, news: ChangedMeanwhile) -> Response:
    """What was changed meanwhile, beside what was typed; sent again, it is about what there is now.

    What a script keeps in passing never takes the place of what stands there: that is for the person to say.
    """
    if page.is_partial:
        form.refuse("", page.t("refer.changed"))
        return await show(page, form, draft, news.now, Beside(part=True, changed=news.changed))
    draft.etag, draft.seen = news.now.etag, seen_of(news.now, page)
    merged = news.form
    merged.refuse("", page.t("refer.changed"))
    merged.values["etag"] = [draft.etag or ""]
    return await show(page, merged, draft, news.now, Beside(409, changed=news.changed))


def _after(now: Answer, step: str) -> str:
    """Where to go when a referral turns out to be sent: a second click of the same button sees what the first did.

    So does what a script was keeping in passing at that moment.
    """
    is_sent = step in ("send", "") and now["status"] == "requested"
    return f"/refer/{now['id']}/sent" if is_sent else f"/referrals/{now['id']}"


async def _send(page: Page, form: Form, draft: Draft, kept: Answer | None) -> Response:
    """Send what was kept, where nothing is missing and nothing was wrong."""
    for name in fields.missing(form):
        form.refuse(name, page.t(_MISSING[name]))
    if form.errors or kept is None:
        return await _again(page, form, draft, kept)
    asking = "go_on" if form.text("on_duplicate") == "go_on" else "ask"
    try:
        sent = await _command_to_send(page, form, draft, asking)
    except ApiProblem as problem:
        if problem.name == "possible-duplicate":
            form.refuse("on_duplicate", advice_on(problem, page.language))
            return await show(page, form, draft, kept, Beside(422, duplicates=problem.members["duplicates"]))
        if problem.status not in (409, 422):
            raise
        form.take(problem, fields.NAMES)
        return await _again(page, form, draft, kept)
    return page.redirect(f"/refer/{sent['id']}/sent")


async def _command_to_send(page: Page, form: Form, draft: Draft, on_duplicate: str) -> Answer:
    """Send the draft; once more where the person's own page has kept something in between."""
    for last in (False, True):
        try:
            return await page.referral.post(
                "/referrals/{id}/send", {"on_duplicate": on_duplicate}, etag=draft.etag, id=draft.referral_id
            )
        except ApiProblem as problem:
            if problem.name == "possible-duplicate" or problem.status not in (409, 412):
                raise
            await see_anew(page, form, draft)
            if last or problem.status == 409:
                raise
    raise AssertionError


async def _again(page: Page, form: Form, draft: Draft, kept: Answer | None = None) -> Response:
    """The same page with what was typed and what is wrong with it."""
    return await show(page, form, draft, kept, Beside(422))


@router.post("/refer/again")
async def same_client(page: Adviser) -> Response:
    """Begin a referral to a service of the client whom another referral of one's own is about."""
    form = page.form
    before = await page.referral.get("/referrals/{id}", id=_id(form.text("like")))
    if before["side"] != "source" or not before["client"]:
        raise not_found("client")
    body = {"service_id": form.text("service_id"), "client_id": before["client"]["id"], "send": False}
    kept = await page.referral.post("/referrals", body, key=form.key)
    return page.redirect(f"/refer/{kept['id']}")


def _draft_of(page: Page, kept: Answer) -> Draft:
    return Draft(UUID(kept["service"]["id"]), UUID(kept["id"]), kept.etag, seen_of(kept, page))


def _draft_in(form: Form) -> Draft:
    """The draft that the form belongs to, as its hidden fields say."""
    referral_id = form.optional("draft")
    found = _id(referral_id) if referral_id else None
    return Draft(_id(form.text("service_id")), found, form.version, form.text(SEEN))


def _id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise Problem(400, "malformed", "Malformed", "The form lacks what it is about. Open the page again.") from None
