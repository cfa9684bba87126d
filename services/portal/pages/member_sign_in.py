"""How one member signs in, for an administrator; and taking that away, for a member who has lost it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.access import members
from services.portal.pages.account.person import require_fresh
from services.portal.pages.organization.administered import administered, named
from services.portal.pages.page import Page
from services.portal.pages.sign_in.mailing import with_notice
from services.portal.tables import Member, Organization
from services.portal.use_cases.people import Factors, factors_of, known_person
from services.portal.use_cases.recovery import reset_member, why_not_reset
from shared.actors import PLATFORM_SLUG
from shared.database.transaction import Transaction
from shared.problems import forbidden, not_found

router = APIRouter()


@router.get("/members/{member_id}/sign-in")
async def show(page: Annotated[Page, members("admin")], member_id: UUID) -> Response:
    """What a member has to sign in with, and the button that takes it away."""
    async with page.state.database.transaction() as tx:
        member = await _own(page, tx, member_id)
        person = await known_person(tx, member.email)
        factors = Factors(False, 0, 0) if person is None else await factors_of(tx, person.id)
        refused = await why_not_reset(tx, page.account, member)
        organization = await tx.get(Organization, member.organization_id)
    at = administered(page, member.organization_id)
    page.area = f"{at.path}/members"
    done = page.t("account.member.done") if page.request.query_params.get("done") == "1" else None
    context: dict[str, Any] = {"at": at, "organization": named(page, organization), "done": done, "refused": refused}
    return page.render("account/member.html", subject=member, factors=factors, **context)


@router.post("/members/{member_id}/sign-in/reset")
async def reset(page: Annotated[Page, members("admin")], member_id: UUID) -> Response:
    """Take away what the member signs in with: the next sign-in begins with a mail. The member is told.

    Asks for a fresh proof, as changing what one signs in with oneself does.
    """
    require_fresh(page)
    async with page.state.database.transaction() as tx:
        member = await _own(page, tx, member_id)
        if await why_not_reset(tx, page.account, member):
            raise forbidden("More than your organisation is concerned: ask an administrator of the platform.")
        await reset_member(tx, member, page.now)
    answer = page.redirect(f"/members/{member_id}/sign-in?done=1")
    return with_notice(page, answer, "reset", member.email, member.language)


async def _own(page: Page, tx: Transaction, member_id: UUID) -> Member:
    """The member, for administrators of its organisation and of the platform. Raises 404 for everybody else."""
    member = await tx.get(Member, member_id)
    own = page.account.organization_slug == PLATFORM_SLUG
    if member is None or not (own or member.organization_id == page.account.organization_id):
        raise not_found("member")
    return member
