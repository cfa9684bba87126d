"""Deliveries that were given up: the coordinators and the desk are told, for nobody else would notice."""

from uuid import UUID

from services.notifications.domain.channels import FAILURES_TOLD
from services.notifications.domain.people import coordinators, staff
from services.notifications.queries.catalog_facts import names_of
from services.notifications.queries.people import people_of
from services.notifications.tables import Delivery, Notice
from services.notifications.use_cases.delivery_events import DELIVERY_FAILED
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient, recipient_of
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.publishing.outbox import Outbox


async def tell_delivery_failure(
    tx: Transaction, outbox: Outbox, event: Envelope, notice: Notice, delivery: Delivery
) -> None:
    """Make the notices that the delivery of `notice`, which is about a referral, was given up, as `event` says.

    The caller holds NOTICES_LOCK. The recipient who was not reached is not told by the channel that failed. When such a
    notice cannot be delivered itself, nobody is told of that, for it might never end.
    """
    if notice.event_type == DELIVERY_FAILED or delivery.channel not in FAILURES_TOLD:
        return
    about = notice.referral_facts
    target = about.target_organization_id
    people = await people_of(tx, [target], with_coordinators=True)
    # The desk has no part in what is told to a coordinator, or to who began a chain.
    beside_the_desk = about.to_coordinator or about.first_organization_id is not None
    desk = frozenset() if beside_the_desk else staff(target, "target", people.members)
    unreached = await names_of(tx, notice.recipient_organization_id)
    said = {"unreached": unreached, "taken_away": False, "to_coordinator": False, "first_organization_id": None}
    cause = Cause(event.id, event.type, event.correlationid, notice.referral_id, about.model_copy(update=said))

    def told(member_id: UUID, *, as_coordinator: bool) -> Recipient:
        without = {delivery.channel} if member_id == notice.recipient_member_id else set[str]()
        return recipient_of(people, member_id, as_coordinator=as_coordinator, without=without)

    at_desk = [told(each, as_coordinator=False) for each in desk]
    others = [told(each, as_coordinator=True) for each in coordinators(people.members) - desk]
    await make_notices(tx, outbox, dict.fromkeys([*at_desk, *others], cause))
