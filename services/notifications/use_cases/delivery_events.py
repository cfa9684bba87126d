"""The events that tell the platform what became of a delivery."""

from datetime import datetime
from typing import Final

from services.notifications.tables import Delivery, Notice
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.notification import DeliveryState
from shared.publishing.outbox import Outbox

DELIVERED: Final = "notification.delivered.v1"
DELIVERY_FAILED: Final = "notification.delivery_failed.v1"


def record_delivery(
    tx: Transaction, outbox: Outbox, event_type: str, notice: Notice, delivery: Delivery, now: datetime
) -> Envelope | None:
    """Record that a delivery has ended, as DELIVERED or as DELIVERY_FAILED; returns the event.

    There is none about a notice of no referral, for what is told is proof for a referral's timeline.
    """
    if notice.referral_id is None:
        return None
    state = DeliveryState(
        id=delivery.id,
        notice_id=notice.id,
        referral_id=notice.referral_id,
        cause_id=notice.event_id,
        cause_type=notice.event_type,
        channel=delivery.channel,
        organization_id=notice.recipient_organization_id,
        member_id=notice.recipient_member_id,
        attempts=delivery.attempts,
        at=now,
    )
    return outbox.record(tx, event_type, delivery.id, delivery.version, state)
