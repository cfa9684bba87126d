"""The routers of all areas. A new area is a line here."""

from typing import Final

from services.portal.pages import home, session, sign_in

AREAS: Final = (
    home.router,
    session.router,
    sign_in.router,
)
