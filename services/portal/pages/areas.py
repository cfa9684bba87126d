"""The routers of all areas. A new area is a line here."""

from typing import Final

from services.portal.pages import about, home, session, sign_in
from services.portal.pages.referrals import routes as referrals

AREAS: Final = (
    about.router,
    home.router,
    referrals.router,
    session.router,
    sign_in.router,
)
