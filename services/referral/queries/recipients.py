"""Recipients: which services a client can be referred to, and who receives the referral there."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, Uuid, and_, bindparam, column, func, select, table
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.referral.domain.references import LONGER_FROM, new_reference
from services.referral.tables import Member, Organization, Referral, Service
from services.referral.unit_of_work import ActorUnitOfWork
from shared.events.envelope import Names
from shared.problems import Problem, invalid

_Own = aliased(Organization)
_DESK = select(func.array_agg(aggregate_order_by(col(Member.id), col(Member.id)), type_=ARRAY(Uuid))).where(
    col(Member.organization_id) == col(Service.organization_id),
    col(Member.active),
    col(Member.roles).contains(["recipient"]),
)
# As the server last counted, which costs nothing: it counts anew when a tenth more have come.
_ESTIMATE: Select[float] = (
    select(column("reltuples", Float))
    .select_from(table("pg_class"))
    .where(column("oid") == func.to_regclass("referrals"))
)


def _is_free(reference: str) -> ColumnElement[bool]:
    return ~select(col(Referral.id)).where(col(Referral.reference) == bindparam(reference)).exists()


_RECIPIENT = (
    select(
        Service,
        Organization,
        _DESK.scalar_subquery(),
        select(col(_Own.name)).where(col(_Own.id) == bindparam("own")).scalar_subquery(),
        _is_free("reference"),
        _is_free("longer"),
        _ESTIMATE.scalar_subquery(),
    )
    .join(Organization, col(Organization.id) == col(Service.organization_id))
    .where(col(Service.id) == bindparam("service"))
)


@dataclass(frozen=True)
class Recipient:
    """A service with all that referring a client to it takes to know, read by one statement.

    `desk` are the members who receive referrals there. `source` is the name of the actor's own organisation.
    `reference` is one that no referral had at that moment, or None where those that were tried are taken.
    """

    service: Service
    organization: Organization
    desk: list[UUID]
    source: Names | None
    reference: str | None


async def find_recipient(work: ActorUnitOfWork, service_id: UUID) -> Recipient | None:
    """A service of the catalogue's copy, whether it can be referred to or not; None for one that is not known."""
    reference, longer = new_reference(), new_reference(longer=True)
    given = {"service": service_id, "own": work.actor.organization_id, "reference": reference, "longer": longer}
    found = await work.tx.tuples(_RECIPIENT, given)
    if not found:
        return None
    [(service, organization, desk, source, is_free, longer_is_free, referrals)] = found
    names = Names.model_validate(source) if source else None
    free = [reference] * (is_free and referrals < LONGER_FROM) + [longer] * longer_is_free
    return Recipient(service, organization, desk or [], names, free[0] if free else None)


async def recipient_of(work: ActorUnitOfWork, service_id: UUID) -> Recipient:
    """A service that clients can be referred to. Raises 422 for an unknown or inactive one, or one's own."""
    recipient = await find_recipient(work, service_id)
    if recipient is None:
        raise _refusal("There is no such service. Look it up in the catalogue.", "unknown-service")
    if recipient.service.status != "active":
        raise _refusal(f"The service is {recipient.service.status}. Choose another one.", "inactive-service")
    if not recipient.organization.active:
        detail = "The organisation of this service is no longer active. Choose another one."
        raise _refusal(detail, "inactive-organization")
    if recipient.organization.id == work.actor.organization_id:
        raise _refusal("This is a service of your own organisation; a referral goes to another one.", "own-service")
    return recipient


def require_desk(recipient: Recipient) -> None:
    """Raise 422 where nobody receives referrals."""
    if not recipient.desk:
        detail = "Nobody receives referrals at this organisation at the moment. Choose another service, or call them."
        raise _refusal(detail, "no-desk")


async def require_suggestable(work: ActorUnitOfWork, service_id: UUID, instead_of: UUID) -> None:
    """Raise 422 for a service that a decline can't suggest instead of the one declined."""
    is_active = and_(col(Service.status) == "active", col(Organization.active))
    own = col(Organization.id) == col(Service.organization_id)
    suggestable = select(is_active).join(Organization, own).where(col(Service.id) == service_id)
    if service_id == instead_of or not (await work.tx.execute(suggestable)).scalar_one_or_none():
        detail = "Suggest another service of the catalogue that is active, of an organisation that is."
        raise invalid(detail, [{"field": "suggested_service_id", "message": detail}], name="unknown-service")


def _refusal(detail: str, name: str) -> Problem:
    return invalid(detail, [{"field": "service_id", "message": detail}], name=name)
