"""The routers of all areas. A new area is a line here."""

from typing import Final

from services.portal.pages import about, home, session, sign_in

AREAS: Final = (
    about.router,
    home.router,
    session.router,
    sign_in.router,
)
