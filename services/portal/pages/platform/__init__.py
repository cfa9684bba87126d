"""What administrators of the platform look after: its organisations, and whether all of it is well."""

from fastapi import APIRouter

from services.portal.pages.platform import health, leaving, organizations

router = APIRouter()
for each in (organizations, leaving, health):
    router.include_router(each.router)
