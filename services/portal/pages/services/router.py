"""The routes of services."""

from fastapi import APIRouter

from services.portal.pages.services import finding, showing

router = APIRouter()
router.include_router(finding.router)
router.include_router(showing.router)
