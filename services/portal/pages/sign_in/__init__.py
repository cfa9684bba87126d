"""Signing in, by each way; every one of them ends in `finishing.py` or in `signed_in`."""

from fastapi import APIRouter

from services.portal.pages.sign_in import by_mail, by_passkey, by_provider, finishing, second_factor, start

router = APIRouter()
for each in (start, by_mail, second_factor, by_passkey, by_provider, finishing):
    router.include_router(each.router)
