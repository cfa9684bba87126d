"""Mail that was given up: the coordinators hear of it, and the desk, for nobody else would notice."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications import domain
from services.notifications.queries.catalog_facts import Colleague, members_of, names_of
from services.notifications.use_cases.notices import Cause, PlainNotice, Recipient, make_notices
from shared.events import Envelope
from shared.publishing.outbox import Outbox

DELIVERY_FAILED: Final = "notification.delivery_failed.v1"


async def tell_delivery_failure(
    session: AsyncSession, outbox: Outbox, event: Envelope, notice: PlainNotice
) -> list[PlainNotice]:
    """Tell that the mail of `notice` was given up, which is what `event` says; returns the new notices.

    The caller has taken its turn. Who could not be reached is told in the inbox alone. Of mail about mail nobody is
    told, for that might never end.
    """
    if notice.event_type == DELIVERY_FAILED:
        return []
    about = notice.facts
    members = await members_of(session, about.target_organization_id, with_coordinators=True)
    desk = domain.staff(about.target_organization_id, "target", members)
    # What goes to a coordinator, or to who began a chain, is no business of the desk.
    if about.to_coordinator or about.first_organization_id:
        desk = frozenset()
    unreached = await names_of(session, notice.recipient_organization_id)
    said = {"unreached": unreached, "taken_away": False, "to_coordinator": False, "first_organization_id": None}
    told = {_recipient(members[each], notice) for each in desk}
    others = domain.coordinators(members) - desk
    told |= {_recipient(members[each], notice, as_coordinator=True) for each in others}
    cause = Cause(event.id, event.type, event.correlationid, notice.referral_id, about.model_copy(update=said))
    return await make_notices(session, outbox, cause, told)


def _recipient(member: Colleague, notice: PlainNotice, *, as_coordinator: bool = False) -> Recipient:
    by_mail = member.by_mail and member.id != notice.recipient_member_id
    return Recipient(member.organization_id, member.id, as_coordinator, by_mail)
