"""The routers of all areas. A new area is a line here."""

from typing import Final

from services.portal.pages import about, account, clients, home, member_sign_in, organization_sign_in, session, sign_in
from services.portal.pages.desk import routes as desk
from services.portal.pages.notices import routes as notices
from services.portal.pages.refer import router as refer
from services.portal.pages.referrals import lists
from services.portal.pages.referrals import routes as referrals
from services.portal.pages.services import router as services

AREAS: Final = (
    about.router,
    account.router,
    clients.router,
    desk.router,
    home.router,
    lists.router,
    member_sign_in.router,
    notices.router,
    organization_sign_in.router,
    refer.router,
    referrals.router,
    services.router,
    session.router,
    sign_in.router,
)
