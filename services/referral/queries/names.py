"""Names of organisations and services, for the referrals that are about to be shown."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, cast, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.referral.queries.recipients import Recipient
from services.referral.schemas.parts import Named
from services.referral.tables import Organization, ReferralRow, Service
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from shared.events.envelope import Names
from shared.values.sort_keys import sort_key

_ids = bindparam("ids", type_=ARRAY(Uuid))
_NAMES = union_all(
    select(Organization.id, cast(col(Organization.name), Text)).where(col(Organization.id) == any_(_ids)),
    select(Service.id, cast(col(Service.name), Text)).where(col(Service.id) == any_(_ids)),
)
"""The names as they lie in the database: as JSON, which nobody has read yet."""


class NamesOf:
    """Names from the copy of the catalogue, fetched once for a list; ids are unique across what has a name.

    They are read when they are shown, for whoever shows thousands does so beside the requests of others.
    """

    def __init__(self, names: Mapping[UUID, Names | str]) -> None:
        self._names = names
        self._named: dict[UUID, Named] = {}

    @classmethod
    async def referrals(cls, work: UnitOfWork, referrals: Sequence[ReferralRow]) -> "NamesOf":
        """The names that showing `referrals` takes: one query, however many there are."""
        ids = {
            each
            for referral in referrals
            for each in (
                referral.source_organization_id,
                referral.target_organization_id,
                referral.service_id,
                referral.suggested_service_id,
            )
            if each is not None
        }
        return await cls.of(work, ids)

    @classmethod
    async def of(cls, work: UnitOfWork, ids: Collection[UUID]) -> "NamesOf":
        """The names of these organisations and services."""
        if not ids:
            return cls({})
        found = await work.tx.execute(_NAMES, {"ids": list(ids)})
        return cls(dict(found.all()))

    @classmethod
    def recipient(cls, work: ActorUnitOfWork, recipient: Recipient) -> "NamesOf":
        """The names that showing a referral of the actor's organisation to a recipient takes."""
        names = {recipient.organization.id: recipient.organization.names, recipient.service.id: recipient.service.names}
        return cls(names | ({work.actor.organization_id: recipient.source} if recipient.source else {}))

    def sort_key(self, named_id: UUID | None) -> str:
        """By which a list is sorted where the name stands in three languages: that of the Finnish one."""
        name = self._of(named_id).name if named_id is not None else None
        return sort_key(name.fi) if name else ""

    def organization(self, organization_id: UUID) -> Named:
        """An organisation with its name, without one should the copy not know it yet."""
        return self._of(organization_id)

    def service(self, service_id: UUID) -> Named:
        """A service with its name, without one should the copy not know it yet."""
        return self._of(service_id)

    def _of(self, named_id: UUID) -> Named:
        """The same one for all the rows of a list that name it."""
        named = self._named.get(named_id)
        if named is None:
            name = self._names.get(named_id)
            name = Names.model_validate_json(name) if isinstance(name, str) else name
            named = self._named[named_id] = Named(id=named_id, name=name)
        return named
