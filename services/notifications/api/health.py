"""How the notification service is doing, for administrators of the platform."""

from sqlalchemy import text

from services.notifications.queries.health import DUE, FAILING, MailState
from services.notifications.schemas.health import MailHealth, NotificationsHealth
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.service_health import BaseHealthOf, HealthFinding

router = Router(tags=["health"])


@router.get("/health", operation_id="getHealth", summary="What waits, what is dead, which versions run")
async def get_health(health: BaseHealthOf, tx: TransactionOf) -> NotificationsHealth:
    """For administrators of the platform."""
    due = (await tx.execute(text(DUE))).mappings().one()
    failing = (await tx.execute(text(FAILING))).mappings().first()
    found = MailState.of(dict(due), dict(failing) if failing else None)
    findings = [*health.findings, HealthFinding(piece="mail", well=found.well)]
    mail = MailHealth.model_validate(found, from_attributes=True)
    return NotificationsHealth(**health.model_dump(exclude={"findings"}), mail=mail, findings=findings)
