"""Members of staff over HTTP: seen by their own organisation, changed by its administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.catalog.api.answers import member_view
from services.catalog.api.dependencies import (
    CallerOf,
    WorkOf,
    administers_some,
    location,
    member_of_path,
    member_to_change,
    organization_of_body,
    require_may_change_member,
    require_may_give,
)
from services.catalog.api.pages import CountPageOf, make_page
from services.catalog.api.repeating import OnceOf
from services.catalog.queries import visibility
from services.catalog.queries.members import page_of_members
from services.catalog.schemas.members import MemberChange, MemberView, NewMember
from services.catalog.schemas.pages import Page
from services.catalog.tables import Member
from services.catalog.use_cases.members import change_member, create_member
from shared.events.catalog import Role
from shared.web.bodies import body, request_body
from shared.web.idempotency import KEY_TAKEN
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.versions import IF_MATCH, etag, require_match

router = Router(prefix="/members", tags=["members"])


@router.get("", operation_id="listMembers", summary="Members of one's own organisation, by address")
async def members(
    tx: TransactionOf,
    caller: CallerOf,
    page: CountPageOf,
    organization_id: Annotated[
        UUID | None, Query(description="Of this organisation; others than one's own are empty")
    ] = None,
    active: Annotated[bool | None, Query(description="Only those who are active, or only those who are not")] = None,
    role: Annotated[Role | None, Query(description="Only those who have this role")] = None,
) -> Page[MemberView]:
    """Members of the caller's organisation; an administrator of the platform sees those of all."""
    found, total = await page_of_members(
        tx, page, visibility.visible_organization(caller), organization_id, active, role
    )
    return make_page(page, [member_view(each) for each in found], total)


@router.get("/{id}", operation_id="getMember", summary="One member")
async def member(row: Annotated[Member, Depends(member_of_path)], response: Response) -> MemberView:
    """A member of the caller's organisation; an administrator of the platform sees any."""
    return _answer(row, response)


@router.post(
    "",
    operation_id="createMember",
    status_code=201,
    summary="Enter a member",
    dependencies=[Depends(administers_some)],
    openapi_extra=request_body(NewMember) | KEY_TAKEN,
)
async def enter(
    request: Request,
    response: Response,
    work: WorkOf,
    new: Annotated[NewMember, body(NewMember)],
    once: OnceOf,
) -> MemberView:
    """Administrators of the organisation; those of the platform for any, and only they make coordinators."""
    organization = await organization_of_body(work, new.organization_id, lock=True)
    require_may_give(work.caller, (), new.roles)

    async def entered() -> MemberView:
        row = await create_member(work, organization, new)
        response.headers["Location"] = location(request, f"/members/{row.id}")
        return _answer(row, response)

    return await once(new, MemberView, entered)


@router.patch(
    "/{id}",
    operation_id="updateMember",
    summary="Change or deactivate a member",
    openapi_extra=request_body(MemberChange) | IF_MATCH,
)
async def change(
    request: Request,
    response: Response,
    work: WorkOf,
    row: Annotated[Member, Depends(member_to_change)],
    wanted: Annotated[MemberChange, body(MemberChange)],
) -> MemberView:
    """Needs `If-Match`. A member is never deleted: `active: false` ends its access at once.

    Address and roles of a coordinator, and its return, are for administrators of the platform. An address that is
    changed is told so.
    """
    require_may_change_member(work.caller, row, wanted)
    require_match(request, row.version)
    return _answer(await change_member(work, row, wanted), response)


def _answer(row: Member, response: Response) -> MemberView:
    response.headers["ETag"] = etag(row.version)
    return member_view(row)
