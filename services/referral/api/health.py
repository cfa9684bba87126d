"""How the referral service is doing, for administrators of the platform."""

from services.referral.queries.health import OVERDUE_SECONDS, TIMERS, UNSEALED, UNSEALED_SECONDS
from services.referral.schemas.health import ReferralHealth
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.service_health import BaseHealthOf, HealthFinding, waiting

router = Router(tags=["health"])


@router.get("/health", operation_id="getHealth", summary="What waits, what is dead, which versions run")
async def get_health(health: BaseHealthOf, tx: TransactionOf) -> ReferralHealth:
    """For administrators of the platform."""
    timers, seals = await waiting(tx, TIMERS), await waiting(tx, UNSEALED)
    findings = [
        *health.findings,
        HealthFinding(piece="timers", well=timers.oldest_seconds <= OVERDUE_SECONDS),
        HealthFinding(piece="seals", well=seals.oldest_seconds <= UNSEALED_SECONDS),
    ]
    return ReferralHealth(**health.model_dump(exclude={"findings"}), timers=timers, seals=seals, findings=findings)
