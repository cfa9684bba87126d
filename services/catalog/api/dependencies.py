"""What the routes share: the application's state, the day it is, who calls, and the thing spoken of."""

from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Request

from services.catalog.domain.rules import Caller
from services.catalog.queries.members import find_member
from services.catalog.queries.organizations import find_organization
from services.catalog.queries.services import find_service
from services.catalog.tables import Member, Organization, Service
from services.catalog.use_cases import visibility
from services.catalog.use_cases.unit_of_work import Work
from shared.clock import Clock, day_in_kuopio
from shared.problems import not_found
from shared.publishing.outbox import Outbox
from shared.settings import Settings
from shared.web.base import state_of
from shared.web.json_api import ActorOf, ApiState, SessionOf
from shared.web.tokens import FindMember

RowT = TypeVar("RowT")


class CatalogApp(ApiState):
    """The state of the catalogue's application; `clock` says what day it is."""

    def __init__(self, settings: Settings, find: FindMember, clock: Clock) -> None:
        super().__init__("catalog", settings, find)
        self.outbox = Outbox("catalog", settings.epoch)
        self.clock = clock


def current_day(request: Request) -> date:
    """The day it is in Finland."""
    app: CatalogApp = state_of(request)
    return day_in_kuopio(app.clock())


TodayOf = Annotated[date, Depends(current_day)]
OrganizationKey = Annotated[str, Path(alias="id", description="Id, slug or former slug")]
ServiceKey = Annotated[str, Path(alias="id", description="Id, slug or former slug")]
MemberKey = Annotated[str, Path(alias="id", description="Id")]


async def current_caller(session: SessionOf, actor: ActorOf) -> Caller:
    """Who calls, as the rules see it. Raises 401."""
    return await visibility.caller_of(session, actor)


CallerOf = Annotated[Caller, Depends(current_caller)]


async def current_work(request: Request, session: SessionOf, caller: CallerOf) -> Work:
    """What a use case works with."""
    app: CatalogApp = state_of(request)
    return Work(session, app.outbox, app.clock(), caller)


WorkOf = Annotated[Work, Depends(current_work)]


async def organization_of_path(session: SessionOf, key: OrganizationKey) -> Organization:
    """The organisation that the path names. Raises 404."""
    return _known(await find_organization(session, key), "organisation")


async def service_of_path(session: SessionOf, key: ServiceKey) -> Service:
    """The service that the path names. Raises 404."""
    return _known(await find_service(session, key), "service")


async def member_of_path(session: SessionOf, caller: CallerOf, key: MemberKey) -> Member:
    """The member that the path names. Raises 404 for one of another organisation, too."""
    return _known(await find_member(session, key, visible_organization(caller)), "member")


async def organization_to_change(session: SessionOf, caller: CallerOf, key: OrganizationKey) -> Organization:
    """The organisation that the path names, held until the answer. Raises 404, and 403 to all but administrators."""
    organization = _known(await find_organization(session, key, lock=True), "organisation")
    caller.check_administers(organization.id)
    return organization


async def service_to_change(session: SessionOf, caller: CallerOf, key: ServiceKey) -> Service:
    """The service that the path names, held until the answer. Raises 404, and 403 to all but administrators."""
    service = _known(await find_service(session, key, lock=True), "service")
    caller.check_administers(service.organization_id)
    return service


async def member_to_change(session: SessionOf, caller: CallerOf, key: MemberKey) -> Member:
    """The member that the path names, held until the answer. Raises 404, and 403 to all but administrators."""
    member = _known(await find_member(session, key, visible_organization(caller), lock=True), "member")
    caller.check_administers(member.organization_id)
    return member


async def administers_platform(caller: CallerOf) -> None:
    """Raise 403 unless the caller administers the platform."""
    caller.check_administers_platform()


async def administers_some(caller: CallerOf) -> None:
    """Raise 403 unless the caller administers some organisation; which one is settled when the body is read."""
    caller.check_administers_some()


def visible_organization(caller: Caller) -> UUID | None:
    """The organisation whose members the caller sees; None when it sees all."""
    return None if caller.is_platform_admin else caller.organization_id


def location(request: Request, path: str) -> str:
    """The address of `path` in this API, as the caller reaches it."""
    return f"{request.scope.get('root_path', '')}{path}"


def _known(found: RowT | None, what: str) -> RowT:
    if found is None:
        raise not_found(what)
    return found
