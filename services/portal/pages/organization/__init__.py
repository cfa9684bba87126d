"""What an administrator looks after in an organisation: its people, services, places, days without service, figures.

An administrator of the platform has the same pages for every organisation.
"""

from fastapi import APIRouter

from services.portal.pages.organization import (
    closures,
    deliveries,
    details,
    figures,
    leaving,
    locations,
    members,
    overview,
    services,
)

router = APIRouter()
for each in (overview, members, leaving, services, details, locations, closures, figures, deliveries):
    router.include_router(each.router)
