"""Handing on of notices that members who left have not seen."""

from uuid import UUID

from services.notifications.domain.people import coordinators, heirs
from services.notifications.domain.wording import AboutOrganization
from services.notifications.queries.notices import unseen_of_those_who_left
from services.notifications.queries.people import Colleague, People, people_of
from services.notifications.tables import Notice
from services.notifications.use_cases.deliveries import withdraw_waiting
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient, recipient_of
from shared.clock import utc_now
from shared.consuming.deputies import UnknownMember
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox


async def hand_on_unseen(tx: Transaction, outbox: Outbox, organization_id: UUID) -> None:
    """Tell others what members who left an organisation have not seen, and withdraw what waits to be sent to them.

    The caller holds NOTICES_LOCK. A notice for which there is nobody yet, or whose reader's deputy is not known yet,
    stays until a later change of the organisation or its members brings somebody: so those of an organisation that was
    deactivated wait in its members' inboxes for its return. Running it again changes nothing.
    """
    left = await unseen_of_those_who_left(tx, organization_id)
    if not left:
        return
    people = await people_of(tx, [organization_id])
    await withdraw_waiting(tx, [notice.id for notice, _ in left])
    for notice, leaver in left:
        if isinstance(notice.facts, AboutOrganization) and notice.facts.is_invitation:
            continue  # nobody can follow it in the place of who was invited
        if told := _instead_of(people.members[leaver], notice, people):
            cause = Cause(notice.event_id, notice.event_type, notice.correlation_id, notice.referral_id, notice.facts)
            await make_notices(tx, outbox, dict.fromkeys(told, cause))
            notice.passed_on_at = utc_now()
            tx.update(notice)


def _instead_of(leaver: Colleague, notice: Notice, people: People) -> list[Recipient]:
    """Who is told what `leaver` has not seen: nobody while the deputy is not known."""
    about = notice.facts
    if isinstance(about, AboutOrganization) or about.to_coordinator:
        told = coordinators(people.members)
    else:
        try:
            told = heirs(leaver, about.side_of(leaver.organization_id), people.members)
        except UnknownMember:
            return []
    return [recipient_of(people, each, as_coordinator=about.to_coordinator) for each in told]
