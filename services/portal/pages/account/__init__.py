"""One's own account: what one signs in with, and where one is signed in."""

from fastapi import APIRouter

from services.portal.pages.account import app, codes, overview, passkeys, prove

router = APIRouter()
for each in (overview, app, codes, passkeys, prove):
    router.include_router(each.router)
