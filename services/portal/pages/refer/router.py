"""The routes of referring, in the order in which they are looked at."""

from fastapi import APIRouter

from services.portal.pages.refer import consent, routes, sent

router = APIRouter()
router.include_router(consent.router)  # before /refer/{referral_id}, which would take its path
router.include_router(routes.router)
router.include_router(sent.router)
