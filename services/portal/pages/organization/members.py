"""Members of an organisation: who they are, inviting one, changing one."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import Answer
from services.portal.domain.roles import ROLES
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered, all_of
from services.portal.pages.organization.editing import Editing, is_stale, refused
from services.portal.pages.organization.kinds import Chosen, Kind, Record, Several
from services.portal.pages.organization.paging import SIZE, Number, page_links, page_of
from services.portal.pages.organization.saying import done
from services.portal.pages.page import Page
from services.portal.texts import LANGUAGES, language_name, of_code
from shared.problems import not_found

router = APIRouter(prefix="/organizations/{organization_id}/members")

PageOf = Annotated[Page, members("admin")]
_NEW: Final = "organization/member_new.html"
_CHANGE: Final = "organization/member.html"

MEMBER: Final = Editing(
    Record({"email": Kind(), "language": Chosen(), "roles": Several(), "deputy_id": Chosen()}),
    {
        "email": "organization.member.email",
        "language": "organization.member.language",
        "roles": "organization.member.roles",
        "deputy_id": "organization.member.deputy",
    },
    beside={"email-taken": "email"},
)


@router.get("")
async def list_members(
    page: PageOf,
    organization_id: UUID,
    number: Number = 1,
    left: Annotated[str, Query()] = "",
    query: Annotated[str, Query()] = "",
) -> Response:
    """Everybody in the organisation, page by page, or those with `query` in their address; with `left` who has left."""
    at = administered(page, organization_id)
    organization, everybody = await at.organization(), await colleagues(at)
    wanted = [each for each in everybody if each["active"] is not bool(left)]
    looked_for = query.strip()[:200].lower()
    found = [each for each in wanted if looked_for in each["email"].lower()]
    shown, last = page_of(found, number)
    context = {
        "at": at,
        "organization": organization.data,
        "members": shown,
        "left": bool(left),
        "form": Form.filled(page.language, {"query": query.strip()[:200]}),
        "many": bool(looked_for) or len(wanted) > SIZE,
        "looked_for": looked_for,
        "others": len(everybody) - len(wanted),
        "emails": {each["id"]: each["email"] for each in everybody},
        "done": done(page),
        **page_links(f"{at.path}/members", {"left": "1" if left else "", "query": looked_for}, number, last=last),
    }
    return page.render("organization/members.html", **context)


@router.get("/new")
async def new(page: PageOf, organization_id: UUID) -> Response:
    """The form to invite somebody; `role` is one that is chosen beforehand."""
    at = administered(page, organization_id)
    role = page.request.query_params.get("role", "")
    form = Form.filled(page.language, {"language": "fi", "roles": [role] if role in ROLES else []})
    return await _show_new(at, form)


@router.post("/new")
async def invite(page: PageOf, organization_id: UUID) -> Response:
    """Invite somebody: the catalogue enters the member, and a mail leads in."""
    at, form = administered(page, organization_id), page.form
    body = {name: value for name, value in MEMBER.body(form).items() if value is not None}
    body["organization_id"] = str(at.id)
    problem = await refused(MEMBER, form, lambda: page.catalog.post("/members", body, key=form.key))
    if problem is not None:
        return await _show_new(at, form, status=422)
    return page.redirect(f"{at.path}/members?done=invited")


@router.get("/{member_id}")
async def one(page: PageOf, organization_id: UUID, member_id: UUID) -> Response:
    """A member, to change."""
    at = administered(page, organization_id)
    member = await member_of(at, member_id)
    return await _show(at, member, MEMBER.filled(page, member.data), {"etag": member.etag})


@router.post("/{member_id}")
async def change(page: PageOf, organization_id: UUID, member_id: UUID) -> Response:
    """Change a member: only what was changed in the form is said to the catalogue."""
    at, form = administered(page, organization_id), page.form
    member = await member_of(at, member_id)
    changes = _those_shown(at, member.data, MEMBER.changes(form))
    unsaved = await MEMBER.save(
        page,
        lambda: page.catalog.patch("/members/{id}", changes, etag=form.version, id=member_id),
        lambda: member_of(at, member_id),
    )
    if unsaved is None:
        return page.redirect(f"{at.path}/members?done=saved")
    return await _show(at, unsaved.found, form, unsaved.more, status=422)


@router.post("/{member_id}/activate")
async def bring_back(page: PageOf, organization_id: UUID, member_id: UUID) -> Response:
    """Let a member in again; a mail leads in as an invitation does."""
    at, form = administered(page, organization_id), page.form
    await member_of(at, member_id)
    problem = await refused(
        MEMBER, form, lambda: page.catalog.patch("/members/{id}", {"active": True}, etag=form.version, id=member_id)
    )
    if problem is None:
        return page.redirect(f"{at.path}/members?done=returned")
    member = await member_of(at, member_id)
    if is_stale(problem):
        if member["active"]:
            return page.redirect(f"{at.path}/members?done=returned")
        form.take(problem)
    fresh = MEMBER.filled(page, member.data)
    fresh.errors = form.errors
    return await _show(at, member, fresh, {"etag": member.etag}, status=422)


async def colleagues(at: Administered) -> list[dict[str, Any]]:
    """All members of the organisation, by address."""
    return await all_of(at.page.catalog, "/members", {"organization_id": at.id})


async def member_of(at: Administered, member_id: UUID) -> Answer:
    """A member of the organisation. Raises 404 for one of another."""
    member = await at.page.catalog.get("/members/{id}", id=member_id)
    if member["organization_id"] != str(at.id):
        raise not_found("member")
    return member


def may_take_over(member: Mapping[str, Any], everybody: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The colleagues who may stand in: active ones, as choices."""
    return [
        {"value": each["id"], "label": each["email"]}
        for each in everybody
        if each["active"] and each["id"] != member.get("id")
    ]


def is_platforms(at: Administered, member: Mapping[str, Any]) -> bool:
    """Whether address and roles of a member are the platform's to change: a coordinator's."""
    return "coordinator" in member.get("roles", ()) and not at.by_platform


def _those_shown(at: Administered, member: Mapping[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The changes without those to fields that the form does not have."""
    hidden = {"email", "roles"} if is_platforms(at, member) else set()
    return {name: value for name, value in changes.items() if name not in hidden}


async def _show_new(at: Administered, form: Form, status: int = 200) -> Response:
    organization, everybody = await at.organization(), await colleagues(at)
    context = {"at": at, "organization": organization.data, **_choices(at, {}, everybody), **MEMBER.context(form)}
    return at.page.render(_NEW, status=status, **context)


async def _show(at: Administered, member: Answer, form: Form, more: Mapping[str, Any], status: int = 200) -> Response:
    organization, everybody = await at.organization(), await colleagues(at)
    context = {
        "at": at,
        "organization": organization.data,
        "member": member.data,
        "fixed": is_platforms(at, member.data),
        "oneself": member["id"] == str(at.page.account.id),
        "done": None,
        **_choices(at, member.data, everybody),
        **MEMBER.context(form),
        **more,
    }
    return at.page.render(_CHANGE, status=status, **context)


def _choices(at: Administered, member: Mapping[str, Any], everybody: list[dict[str, Any]]) -> dict[str, Any]:
    page = at.page
    roles = [role for role in ROLES if role != "coordinator" or at.by_platform]
    return {
        "roles": [
            {
                "value": role,
                "label": of_code("organization.role", role, page.language),
                "hint": of_code("organization.role_about", role, page.language),
            }
            for role in roles
        ],
        "language_options": [{"value": each, "label": language_name(each, page.language)} for each in LANGUAGES],
        "deputies": may_take_over(member, everybody),
    }
