"""News of an organisation and of accounts there, which are about no referral."""

from uuid import UUID

from services.notifications.domain.people import coordinators
from services.notifications.domain.wording import AboutOrganization, What
from services.notifications.queries.people import people_of
from services.notifications.tables import Organization
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient, recipient_of
from shared.consuming.inbox import MissingDependency
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import MemberState
from shared.publishing.outbox import Outbox


async def tell_of_organization(tx: Transaction, outbox: Outbox, event: Envelope, organization: Organization) -> None:
    """Tell the coordinators that an organisation was deactivated, or is back; who did it is not told.

    The caller holds NOTICES_LOCK. The other sides of its referrals are told by the events of those.
    """
    people = await people_of(tx, [], with_coordinators=True)
    about = AboutOrganization(
        what="organization_returned" if organization.active else "organization_left",
        organization_id=organization.id,
        organization=organization.names,
    )
    told = [
        recipient_of(people, each, as_coordinator=True)
        for each in coordinators(people.members)
        if str(each) != event.actor
    ]
    await make_notices(tx, outbox, dict.fromkeys(told, _cause(event, about)))


async def invite(tx: Transaction, outbox: Outbox, event: Envelope, member: MemberState) -> None:
    """Tell a member who was let in, for the first time or again, where to begin: by mail too, whatever was chosen.

    The caller holds NOTICES_LOCK. Nobody is told who has lost access meanwhile. Raises MissingDependency when the
    organisation is not known yet.
    """
    if member.invited is None:
        return
    organization = await _organization(tx, member.organization_id)
    people = await people_of(tx, [], named=[member.id])
    if member.id not in people.members or not people.members[member.id].active:
        return
    about = AboutOrganization(
        what=member.invited, organization_id=organization.id, organization=organization.names, roles=member.roles
    )
    await make_notices(tx, outbox, {Recipient(organization.id, member.id): _cause(event, about)})


async def tell_former_address(
    tx: Transaction, outbox: Outbox, event: Envelope, what: What, organization_id: UUID, address: str
) -> None:
    """Tell an address that an account in the organisation, or its desk, has another one now, whatever was chosen.

    The caller holds NOTICES_LOCK. Raises MissingDependency when the organisation is not known yet.
    """
    organization = await _organization(tx, organization_id)
    about = AboutOrganization(what=what, organization_id=organization.id, organization=organization.names)
    await make_notices(tx, outbox, {Recipient(organization.id, None, address=address): _cause(event, about)})


async def _organization(tx: Transaction, organization_id: UUID) -> Organization:
    organization = await tx.get(Organization, organization_id)
    if organization is None:
        raise MissingDependency(f"organization:{organization_id}")
    return organization


def _cause(event: Envelope, about: AboutOrganization) -> Cause:
    return Cause(event.id, event.type, event.correlationid, None, about)
