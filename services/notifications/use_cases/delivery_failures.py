"""Deliveries that were given up: the coordinators and the desk are told, for nobody else would notice."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain.channels import FAILURES_TOLD
from services.notifications.domain.people import coordinators, staff
from services.notifications.queries.catalog_facts import Colleague, members_of, names_of
from services.notifications.tables import Delivery, Notice
from services.notifications.use_cases.delivery_events import DELIVERY_FAILED
from services.notifications.use_cases.notices import Cause, make_notices
from services.notifications.use_cases.recipients import Recipient, recipient_of
from shared.events import Envelope
from shared.publishing.outbox import Outbox


async def tell_delivery_failure(
    session: AsyncSession, outbox: Outbox, event: Envelope, notice: Notice, delivery: Delivery
) -> None:
    """Make the notices that the delivery of `notice` was given up, which is what `event` says.

    The caller holds NOTICES_LOCK. The recipient who was not reached is not told by the channel that failed. When such a
    notice cannot be delivered itself, nobody is told of that, for it might never end.
    """
    if notice.event_type == DELIVERY_FAILED or delivery.channel not in FAILURES_TOLD:
        return
    about = notice.facts
    target = about.target_organization_id
    members = await members_of(session, target, with_coordinators=True)
    # The desk has no part in what is told to a coordinator, or to who began a chain.
    beside_the_desk = about.to_coordinator or about.first_organization_id is not None
    desk = frozenset() if beside_the_desk else staff(target, "target", members)
    unreached = await names_of(session, notice.recipient_organization_id)
    said = {"unreached": unreached, "taken_away": False, "to_coordinator": False, "first_organization_id": None}
    cause = Cause(event.id, event.type, event.correlationid, notice.referral_id, about.model_copy(update=said))

    def told(member: Colleague, *, as_coordinator: bool) -> Recipient:
        without = {delivery.channel} if member.id == notice.recipient_member_id else set[str]()
        return recipient_of(member, as_coordinator=as_coordinator, without=without)

    at_desk = [told(members[each], as_coordinator=False) for each in desk]
    others = [told(members[each], as_coordinator=True) for each in coordinators(members) - desk]
    await make_notices(session, outbox, dict.fromkeys([*at_desk, *others], cause))
