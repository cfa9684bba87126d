"""What the requests of the portal share."""

from collections.abc import Mapping

import httpx2

from services.portal.settings import PortalSettings
from shared.web.base import State

Transports = Mapping[str, httpx2.AsyncBaseTransport]
"""Service → how its API is reached; one that is missing is reached over the network."""


class PortalApp(State):
    """What the requests share."""

    settings: PortalSettings

    def __init__(self, settings: PortalSettings, transports: Transports) -> None:
        super().__init__("portal", settings)
        self.transports = transports
