"""What the routes share: the state, the day, who calls, the thing spoken of, and who may change it."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Request

from services.catalog.domain.members import Caller
from services.catalog.domain.organizations import PLATFORMS_ALONE
from services.catalog.queries import visibility
from services.catalog.queries.members import find_member
from services.catalog.queries.organizations import find_organization
from services.catalog.queries.service_list import KeptCounts
from services.catalog.queries.services import find_service
from services.catalog.schemas.members import MemberChange
from services.catalog.schemas.organizations import OrganizationChange
from services.catalog.schemas.parts import differing
from services.catalog.tables import Member, Organization, Service
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.refusals import invalid_field
from services.catalog.vault import Vault
from shared.clock import Clock, day_in_kuopio
from shared.problems import forbidden, not_found
from shared.publishing.outbox import Outbox
from shared.settings import Settings
from shared.web.base import state_of
from shared.web.json_api import ActorOf, ApiState, TransactionOf
from shared.web.tokens import FindMember

RowT = TypeVar("RowT")


class CatalogApp(ApiState):
    """The state of the catalogue's application; `clock` says what day it is, `kept_counts` what filters would leave."""

    def __init__(self, settings: Settings, find: FindMember, clock: Clock) -> None:
        super().__init__("catalog", settings, find)
        self.outbox = Outbox("catalog", settings.epoch)
        self.clock = clock
        self.vault = Vault(settings.database_url.get_secret_value())
        self.kept_counts = KeptCounts()


async def current_day(request: Request) -> date:
    """The day it is in Finland."""
    app = state_of(request, CatalogApp)
    return day_in_kuopio(app.clock())


TodayOf = Annotated[date, Depends(current_day)]


async def kept_counts(request: Request) -> KeptCounts:
    """What was counted of the catalogue for earlier requests."""
    return state_of(request, CatalogApp).kept_counts


KeptCountsOf = Annotated[KeptCounts, Depends(kept_counts)]
OrganizationKey = Annotated[str, Path(alias="id", description="Id, slug or former slug")]
ServiceKey = Annotated[str, Path(alias="id", description="Id, slug or former slug")]
MemberKey = Annotated[str, Path(alias="id", description="Id")]


async def current_caller(tx: TransactionOf, actor: ActorOf) -> Caller:
    """Who calls, as the rules see it. Raises 401."""
    return await visibility.caller_of(tx, actor)


CallerOf = Annotated[Caller, Depends(current_caller)]


async def unit_of_work(request: Request, tx: TransactionOf, actor: ActorOf, caller: CallerOf) -> UnitOfWork:
    """The unit of work of a request that a member makes."""
    app = state_of(request, CatalogApp)
    return UnitOfWork(tx, app.outbox, app.clock(), caller, actor)


WorkOf = Annotated[UnitOfWork, Depends(unit_of_work)]


async def organization_of_path(tx: TransactionOf, key: OrganizationKey) -> Organization:
    """The organisation that the path names. Raises 404."""
    return _found(await find_organization(tx, key), "organisation")


async def service_of_path(tx: TransactionOf, key: ServiceKey) -> Service:
    """The service that the path names. Raises 404."""
    return _found(await find_service(tx, key), "service")


async def member_of_path(tx: TransactionOf, caller: CallerOf, key: MemberKey) -> Member:
    """The member that the path names. Raises 404 for one of another organisation, too."""
    return _found(await find_member(tx, key, visibility.visible_organization(caller)), "member")


async def organization_to_change(
    tx: TransactionOf, actor: ActorOf, caller: CallerOf, key: OrganizationKey
) -> Organization:
    """The organisation that the path names, locked until the answer. Raises 404, and 403 to all but administrators."""
    organization = _found(await find_organization(tx, key, lock=True), "organisation")
    await visibility.require_still_active(tx, actor)
    require_administrator(caller, organization.id)
    return organization


async def service_to_change(tx: TransactionOf, actor: ActorOf, caller: CallerOf, key: ServiceKey) -> Service:
    """The service that the path names, locked until the answer. Raises 404, and 403 to all but administrators."""
    service = _found(await find_service(tx, key, lock=True), "service")
    await visibility.require_still_active(tx, actor)
    require_administrator(caller, service.organization_id)
    return service


async def member_to_change(tx: TransactionOf, actor: ActorOf, caller: CallerOf, key: MemberKey) -> Member:
    """The member that the path names, locked until the answer. Raises 404, and 403 to all but administrators."""
    visible = visibility.visible_organization(caller)
    member = _found(await find_member(tx, key, visible, lock=True), "member")
    await visibility.require_still_active(tx, actor)
    require_administrator(caller, member.organization_id)
    return member


async def administers_platform(caller: CallerOf) -> None:
    """Raise 403 unless the caller administers the platform."""
    require_platform_administrator(caller)


async def sees_unfound_words(caller: CallerOf) -> None:
    """Raise 403 unless the caller is a coordinator or administers the platform."""
    if not (caller.is_platform_admin or "coordinator" in caller.roles):
        raise forbidden("What was not found is for coordinators and for administrators of the platform.")


async def administers_some(caller: CallerOf) -> None:
    """Raise 403 unless the caller administers some organisation; which one is settled when the body is read."""
    require_some_administrator(caller)


async def organization_of_body(work: UnitOfWork, organization_id: UUID | None, *, lock: bool = False) -> Organization:
    """The organisation that a body names, else the caller's own. Raises 422, and 403 to all but administrators."""
    key = str(organization_id or work.caller.organization_id)
    organization = await find_organization(work.tx, key, lock=lock)
    if organization is None:
        raise invalid_field("There is no organisation with that id.", "organization_id")
    if lock:
        await visibility.require_still_active(work.tx, work.actor)
    require_administrator(work.caller, organization.id)
    return organization


def require_administrator(caller: Caller, organization_id: UUID) -> None:
    """Raise 403 unless the caller administers that organisation."""
    if not caller.administers(organization_id):
        raise forbidden("Only an administrator of this organisation, or of the platform, may change it.")


def require_some_administrator(caller: Caller) -> None:
    """Raise 403 when the caller administers no organisation at all."""
    if not caller.administers_some:
        raise forbidden("Only an administrator of the organisation, or of the platform, may do this.")


def require_platform_administrator(caller: Caller) -> None:
    """Raise 403 unless the caller administers the platform."""
    if not caller.is_platform_admin:
        raise forbidden("Only an administrator of the platform may do this.")


def require_may_give(caller: Caller, before: Iterable[str], after: Iterable[str]) -> None:
    """Raise 403 when a member's roles may not become `after` by the caller's hand."""
    if not caller.may_give(before, after):
        raise forbidden(
            "A coordinator sees the figures of every organisation: only an administrator of the platform "
            "gives that role."
        )


def require_may_change_member(caller: Caller, row: Member, wanted: MemberChange) -> None:
    """Raise 403 when the change of a member is not the caller's to make."""
    changes = differing(row, wanted)
    if "roles" in changes:
        require_may_give(caller, row.roles, wanted.roles)
    if not caller.may_change_member(row.roles, changes):
        raise forbidden(
            "A coordinator's account reaches beyond the organisation: only an administrator of the platform changes "
            "its address or roles, or activates it again."
        )


def require_may_change_organization(caller: Caller, row: Organization, wanted: OrganizationChange) -> None:
    """Raise 403 when the change of an organisation is not the caller's to make."""
    if not caller.is_platform_admin and differing(row, wanted).keys() & set(PLATFORMS_ALONE):
        raise forbidden("The type and the parent of an organisation are set by an administrator of the platform.")


def location(request: Request, path: str) -> str:
    """The address of `path` in this API, as the caller reaches it."""
    return f"{request.scope.get('root_path', '')}{path}"


def _found(row: RowT | None, what: str) -> RowT:
    """The row. Raises 404 where there is none, `what` being the word for it."""
    if row is None:
        raise not_found(what)
    return row
