"""Keeping a draft: all of a form that is acceptable is kept, and what is not is said beside its field."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from services.portal.clients.api import Answer, ApiProblem
from services.portal.pages.forms import Form
from services.portal.pages.page import Page
from services.portal.pages.refer.fields import NAMES, UNKNOWN_LANGUAGE, body_of, without
from services.portal.pages.refer.meanwhile import Changed, merged, seen_of

_MOST_TRIES = 12


@dataclass
class Draft:
    """The draft that a form belongs to: none yet, or one with the version that the person has seen.

    `seen` says what each field held in it.
    """

    service_id: UUID
    referral_id: UUID | None = None
    etag: str | None = None
    seen: str = ""


class ChangedMeanwhile(Exception):
    """The draft was changed, in another window or by a colleague; `now` is what it is, `changed` what is new.

    `form` has what was typed, and what is new in the fields that the person had left alone.
    """

    def __init__(self, now: Answer, form: Form, changed: Changed) -> None:
        super().__init__("the draft was changed meanwhile")
        self.now, self.form, self.changed = now, form, changed


class NoDraft(Exception):
    """It was sent, or given up, meanwhile; `now` is what it is."""

    def __init__(self, now: Answer) -> None:
        super().__init__("it is no draft any more")
        self.now = now


async def keep(page: Page, form: Form, draft: Draft, *, client_id: str | None = None) -> Answer | None:
    """Keep what was typed, in a new draft or in the one there is; returns the draft as it is then.

    What is not accepted is left out, and said in the form. None where nothing could be kept. With `client_id` the draft
    is about a client of before, and not about what was typed of one. Raises ChangedMeanwhile and NoDraft.
    """
    body = body_of(form)
    if client_id is not None:
        del body["client"]
        body["client_id"] = client_id
    for _ in range(_MOST_TRIES):
        try:
            return await _send(page, form, draft, body)
        except ApiProblem as problem:
            if problem.status in (409, 412) and draft.referral_id is not None:
                await see_anew(page, form, draft)
            if problem.status == 412:
                continue
            if problem.status not in (409, 422):
                raise
            form.take(problem, NAMES)
            kept = without(body, [error["field"] for error in problem.errors or []])
            if kept == body:
                return None
            body = kept
    form.refuse("", page.t("refer.changed"))
    return None


async def _send(page: Page, form: Form, draft: Draft, body: dict[str, Any]) -> Answer:
    """Write the body into the draft, which is begun where there is none.

    One is begun with what is the same however much was typed, under the form's key: so two savings at once begin one.
    """
    if draft.referral_id is None:
        client = {"client_id": body["client_id"]} if "client_id" in body else {"client": {"language": UNKNOWN_LANGUAGE}}
        new = {"service_id": str(draft.service_id), "send": False, **client}
        begun = await page.referral.post("/referrals", new, key=form.key or str(uuid4()))
        draft.referral_id, draft.etag = UUID(begun["id"]), begun.etag
    answer = await page.referral.patch("/referrals/{id}", body, etag=draft.etag, id=draft.referral_id)
    draft.etag, draft.seen = answer.etag, seen_of(answer, page)
    return answer


async def see_anew(page: Page, form: Form, draft: Draft) -> None:
    """Take the draft's version as it is now, where nothing in it is news to the page that the form is of.

    Raises ChangedMeanwhile where something is, and NoDraft where it is none any more.
    """
    assert draft.referral_id is not None
    now = await page.referral.get("/referrals/{id}", id=draft.referral_id)
    if now["status"] != "draft":
        raise NoDraft(now)
    form_now, changed = merged(page, form, now)
    if changed:
        raise ChangedMeanwhile(now, form_now, changed)
    draft.etag = now.etag
