"""What a member does with the session itself: begin it, go on for another organisation, take back what was typed."""

from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.domain.local_paths import START, local_path
from services.portal.pages.access import members
from services.portal.pages.counted import SIGN_INS
from services.portal.pages.page import Page
from services.portal.pages.visitor import cookie_name, set_cookie
from services.portal.queries.accounts import Account
from services.portal.queries.ways_in import ways_in
from services.portal.tables import Session
from services.portal.use_cases import kept_forms, sessions
from services.portal.use_cases.signing_out import WayOut, keep_way_out, way_out_of
from shared.portal_paths import SIGN_IN
from shared.problems import not_found

router = APIRouter()

_LONGEST_DEVICE: Final = 200


def kept_cookie(*, secure: bool) -> str:
    """The name of the cookie with the secret under which a form was kept, and nothing of what is in the form."""
    return f"{cookie_name(secure=secure)}-kept"


def sign_in_address(return_to: str, *, ended: bool = False) -> str:
    """The sign-in page, from which the person comes to `return_to`; `ended` says that a session has come to its end."""
    query = {} if return_to == START else {"return_to": return_to}
    query |= {"ended": "1"} if ended else {}
    return SIGN_IN + (f"?{urlencode(query)}" if query else "")


async def signed_in(
    page: Page, member_id: UUID, method: str, return_to: str, *, way_out: WayOut | None = None
) -> Response:
    """Sign a member in, in a session of its own, and lead on. Every way of signing in ends here."""
    answer = await _begin(page, member_id, method, return_to, way_out=way_out)
    SIGN_INS.labels(method).inc()
    return answer


async def _begin(
    page: Page,
    member_id: UUID,
    method: str,
    return_to: str,
    *,
    going_on: Session | None = None,
    way_out: WayOut | None = None,
) -> Response:
    state, visitor = page.state, page.visitor
    language = page.language if "lang" in page.request.query_params or page.form.text("lang") else None
    async with state.database.transaction() as tx:
        if visitor.found is not None:
            await sessions.end(tx, visitor.found.secret, state.clock())
        secret = sessions.begin(
            tx,
            member_id,
            method,
            state.clock(),
            device=page.request.headers.get("User-Agent", "")[:_LONGEST_DEVICE],
            language=language,
            going_on=going_on,
        )
        if way_out is not None:
            await keep_way_out(tx, secret, way_out)
    answer = page.redirect(local_path(return_to))
    set_cookie(answer, secret, secure=state.secure)
    return answer


@router.get("/account/organization")
async def organizations(page: Annotated[Page, members()]) -> Response:
    """The organisations that the person is a member of, to choose for which one to go on."""
    here, elsewhere = await _reachable(page)
    return page.render("session/organizations.html", accounts=here, elsewhere=elsewhere)


@router.post("/account/organization")
async def switch(page: Annotated[Page, members()]) -> Response:
    """Go on for another organisation of the same address, in a new session."""
    here, _ = await _reachable(page)
    chosen = next((each for each in here if str(each.id) == page.form.text("member_id")), None)
    if chosen is None:
        raise not_found("membership")
    found = page.visitor.found
    assert found is not None
    session = found.session
    return await _begin(page, chosen.id, session.method, START, going_on=session, way_out=way_out_of(found))


async def _reachable(page: Page) -> tuple[list[Account], list[Account]]:
    """The accounts of the person that this session leads to, and those that take a sign-in of another kind.

    A provider speaks for the members of its own organisation alone; what was proved here opens no account of an
    organisation with a provider.
    """
    session = page.visitor.session
    assert session is not None
    async with page.state.database.reading() as reader:
        found = await ways_in(reader, page.account.email)
    everywhere = [*found.local, *found.by_provider]
    if session.method == "account":
        return everywhere, []
    own = [each for each in everywhere if each.id == page.account.id]
    here = own if session.method == "provider" else [*own, *(each for each in found.local if each not in own)]
    return here, [each for each in everywhere if each not in here]


@router.get("/session/kept")
async def kept(page: Annotated[Page, members()]) -> Response:
    """What the member was sending when the session ended, to be sent now."""
    state, found = page.state, None
    if secret := page.request.cookies.get(kept_cookie(secure=state.secure)):
        async with state.database.reading() as reader:
            found = await kept_forms.find_kept(reader, secret, page.account.id, state.clock())
    return page.redirect(START) if found is None else page.render("session/kept.html", kept=found)
