"""The routers of all areas. A new area is a line here."""

from typing import Final

from services.portal.pages import about, home, session, sign_in
from services.portal.pages.referrals import routes as referrals
from services.portal.pages.services import finding, showing

AREAS: Final = (
    about.router,
    finding.router,
    home.router,
    referrals.router,
    session.router,
    showing.router,
    sign_in.router,
)
