"""A member leaves: who takes over, and what that means."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.editing import Editing, is_stale, refused
from services.portal.pages.organization.kinds import Chosen, Record
from services.portal.pages.organization.members import colleagues, may_take_over, member_of
from services.portal.pages.page import Page

router = APIRouter(prefix="/organizations/{organization_id}/members/{member_id}/deactivate")

PageOf = Annotated[Page, members("admin")]
LEAVING = Editing(Record({"deputy_id": Chosen()}), {"deputy_id": "organization.leaving.deputy"})


@router.get("")
async def ask(page: PageOf, organization_id: UUID, member_id: UUID) -> Response:
    """Who takes over, before it is done."""
    at = administered(page, organization_id)
    member = await member_of(at, member_id)
    return await _show(at, member, {"form": LEAVING.filled(page, member.data), "etag": member.etag})


@router.post("")
async def deactivate(page: PageOf, organization_id: UUID, member_id: UUID) -> Response:
    """End a member's access at once; what is theirs goes to the deputy who is named here."""
    at, form = administered(page, organization_id), page.form
    await member_of(at, member_id)
    body = {"active": False, "deputy_id": form.optional("deputy_id")}
    problem = await refused(
        LEAVING, form, lambda: page.catalog.patch("/members/{id}", body, etag=form.version, id=member_id)
    )
    if problem is None:
        return page.redirect(f"{at.path}/members?done=left")
    member = await member_of(at, member_id)
    if is_stale(problem):
        if body.items() <= member.data.items():
            return page.redirect(f"{at.path}/members?done=left")
        form.take(problem)
    return await _show(at, member, {"form": form, "etag": member.etag}, status=422)


async def _show(at: Administered, member: Answer, more: dict[str, Any], status: int = 200) -> Response:
    organization, everybody = await at.organization(), await colleagues(at)
    context = {
        "at": at,
        "organization": organization.data,
        "member": member.data,
        "deputies": may_take_over(member.data, everybody),
        "desks_left": _left_with(everybody, member.data, "recipient"),
        "admins_left": _left_with(everybody, member.data, "admin"),
        "oneself": member["id"] == str(at.page.account.id),
        **more,
    }
    return at.page.render("organization/leaving.html", status=status, **context)


def _left_with(everybody: list[dict[str, Any]], leaving: dict[str, Any], role: str) -> bool:
    """Whether somebody else has the role that the leaving member has."""
    others = (each for each in everybody if each["active"] and each["id"] != leaving["id"])
    return role not in leaving["roles"] or any(role in each["roles"] for each in others)
