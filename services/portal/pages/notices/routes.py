"""The inbox: what one was told, newest first; seen when it is opened, or all at once; and by which ways one is told."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal import texts
from services.portal.clients.api import side_by_side
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.notices.shown import shown
from services.portal.pages.page import Page
from services.portal.pages.referrals.rows import address, cursor_in

router = APIRouter()

_PATH: Final = "/notices"


@router.get(_PATH)
async def notices(page: Annotated[Page, members()], unseen: str = "", after: str = "") -> Response:
    """The notices of the member, or only those that are unseen."""
    only = {"unseen": "true"} if unseen == "true" else {}
    found, counts = await side_by_side(
        page.notifications.get(_PATH, {**only, "after": after, "limit": 25}),
        page.notifications.get("/notices/counts"),
    )
    for answer in (found, counts):
        if isinstance(answer, Exception):
            raise answer
    following = cursor_in(found["next"])
    return page.render(
        "notices/notices.html",
        notices=[shown(each) for each in found["contents"]],
        only_unseen=bool(only),
        unseen=texts.number(counts["unseen"], page.language) + ("+" if counts["more"] else ""),
        any_unseen=counts["unseen"] > 0,
        first=address(_PATH, only) if after else None,
        next=address(_PATH, only, after=following) if following else None,
    )


@router.post("/notices/seen")
async def all_seen(page: Annotated[Page, members()]) -> Response:
    """What the page showed, and all that is older, is seen; what came since is not."""
    newest = page.form.text("up_to")
    if newest:
        await page.notifications.post("/notices/seen", {"up_to": newest})
    return page.redirect(_PATH)


@router.get("/notices/settings")
async def settings(page: Annotated[Page, members()]) -> Response:
    """How the member is told."""
    found = await page.notifications.get("/preferences")
    form = Form.filled(page.language, {"email": found["email"], "language": found["language"] or ""})
    return _settings(page, form, found["account_language"], saved=page.request.query_params.get("saved") == "true")


@router.post("/notices/settings")
async def choose(page: Annotated[Page, members()]) -> Response:
    """Choose how to be told."""
    chosen = {"email": page.form.checked("email"), "language": page.form.optional("language")}
    await page.notifications.put("/preferences", chosen)
    return page.redirect("/notices/settings?saved=true")


@router.post("/notices/{notice_id}")
async def open_notice(page: Annotated[Page, members()], notice_id: UUID) -> Response:
    """A notice is seen, and leads to what it is about."""
    seen = await page.notifications.post("/notices/{id}/seen", id=notice_id)
    return page.redirect(shown(seen.data)["path"])


def _settings(page: Page, form: Form, account_language: str, *, saved: bool) -> Response:
    languages = [{"value": code, "label": texts.native_name(code), "lang": code} for code in texts.LANGUAGES]
    own = page.t("notices.language.account", name=texts.language_name(account_language, page.language))
    return page.render(
        "notices/settings.html", form=form, choices=[{"value": "", "label": own}, *languages], saved=saved
    )
