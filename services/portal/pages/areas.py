"""The routers of all areas. A new area is a line here."""

from typing import Final

from services.portal.pages.about import router as about
from services.portal.pages.account import router as account
from services.portal.pages.clients import router as clients
from services.portal.pages.desk.routes import router as desk
from services.portal.pages.home import router as home
from services.portal.pages.live import router as live
from services.portal.pages.member_sign_in import router as member_sign_in
from services.portal.pages.notices.routes import router as notices
from services.portal.pages.organization import router as organization
from services.portal.pages.organization_sign_in import router as organization_sign_in
from services.portal.pages.overview.routes import router as overview
from services.portal.pages.platform import router as platform
from services.portal.pages.refer.router import router as refer
from services.portal.pages.referrals.lists import router as lists
from services.portal.pages.referrals.routes import router as referrals
from services.portal.pages.services.router import router as services
from services.portal.pages.session import router as session
from services.portal.pages.sign_in import router as sign_in
from services.portal.pages.sign_out import router as sign_out

AREAS: Final = (
    about,
    account,
    clients,
    desk,
    home,
    live,
    lists,
    member_sign_in,
    notices,
    organization,
    organization_sign_in,
    platform,
    overview,
    refer,
    referrals,
    services,
    session,
    sign_in,
    sign_out,
)
