"""Mail that came back after a server had taken it."""

from datetime import datetime

from sqlmodel import select

from services.notifications.domain.bounces import Bounce
from services.notifications.domain.channels import EMAIL
from services.notifications.tables import Delivery, Notice
from services.notifications.tables.deliveries import WAITING
from services.notifications.use_cases.deliveries import as_kept, tell_that_it_failed
from services.notifications.use_cases.notices import NOTICES_LOCK
from shared.database.transaction import Transaction
from shared.problems import conflict
from shared.publishing.outbox import Outbox


async def take_bounce(tx: Transaction, outbox: Outbox, bounce: Bounce, now: datetime) -> bool:
    """Write down that a mail came back, and tell those who are told of mail that was given up.

    Returns whether it was new: what is not known here, has ended otherwise, or came back already is passed over. Raises
    409 when the mail was only just handed over, and that is not written down yet.
    """
    await tx.advisory_lock(NOTICES_LOCK)
    known = select(Delivery).where(Delivery.id == bounce.delivery_id, Delivery.channel == EMAIL).with_for_update()
    delivery = await tx.first(known)
    if delivery is None:
        return False
    if delivery.status in WAITING:
        raise conflict("The mail is still in hand: send the report again in some minutes.")
    if delivery.status != "delivered":
        return False
    delivery.status, delivery.bounced_at = "bounced", now
    delivery.last_error = as_kept(f"returned: {bounce.reason}")
    delivery.version += 1
    tx.update(delivery)
    await tell_that_it_failed(tx, outbox, await tx.get_one(Notice, delivery.notice_id), delivery, now)
    return True
