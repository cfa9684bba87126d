"""How the catalogue is doing, for administrators of the platform."""

from shared.web.routing import Router
from shared.web.service_health import BaseHealthOf, ServiceHealth

router = Router(tags=["health"])


@router.get("/health", operation_id="getHealth", summary="What waits, what is dead, which versions run")
async def get_health(health: BaseHealthOf) -> ServiceHealth:
    """For administrators of the platform."""
    return health
