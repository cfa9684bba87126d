"""What the requests of the portal share, and who makes them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import httpx2
from fastapi import Request

from services.portal.channels.sign_in_mail import SignInMail
from services.portal.clients.api import LIMITS, TIMEOUT, ApiClient
from services.portal.clients.tokens import TokenSigner
from services.portal.pages.rendering import Renderer
from services.portal.pages.static_files import StaticFiles
from services.portal.pages.visitor import VISITOR, find_visitor
from services.portal.queries.accounts import Account
from services.portal.settings import PortalSettings, account_vault_of
from services.portal.use_cases.passkeys import Site
from services.portal.use_cases.sealed import opens_some
from shared.clock import Clock, utc_now
from shared.figures import Look
from shared.key_check import keys_look
from shared.mail.addresses import sender_of
from shared.mail.mailer import mailer_of
from shared.problems import Problem
from shared.services import apis
from shared.web.base import State

STATIC: Final = "/static/"

Transports = Mapping[str, httpx2.AsyncBaseTransport]
"""Service → how its API is reached; one that is missing is reached over the network."""


class PortalApp(State):
    """What the requests share."""

    settings: PortalSettings

    def __init__(self, settings: PortalSettings, transports: Transports, clock: Clock = utc_now) -> None:
        super().__init__("portal", settings)
        self.settings = settings
        self.clock = clock
        self.signer = TokenSigner(settings.signing_key, settings.issuer)
        self.static_files = StaticFiles()
        self.renderer = Renderer(self.static_files.address, reload=settings.environment == "development")
        self.vault = account_vault_of(settings)
        self.mail = SignInMail(mailer_of(settings), sender_of(settings.mail_from))
        self.site = Site.of(settings.public_url)
        self.secure = settings.public_url.startswith("https://")
        self._http = {
            # The platform's own addresses: a proxy of the environment is for what is outside.
            service: httpx2.AsyncClient(
                timeout=TIMEOUT, limits=LIMITS, trust_env=False, transport=transports.get(service)
            )
            for service in apis()
        }

    def looks(self) -> Sequence[Look]:
        """Whether PORTAL_KEY opens anything."""
        return (keys_look("portal", partial(opens_some, vault=self.vault)),)

    async def account(self, request: Request) -> str | None:
        """The member who is signed in in the browser that asks; it is looked up once for each request."""
        visitor = await find_visitor(self.database, request, self.clock(), secure=self.secure)
        request.scope[VISITOR] = visitor
        return None if visitor.member is None else str(visitor.member.id)

    async def limit(self, request: Request) -> Problem | None:
        """Count a request, but not one for a file that everybody gets and keeps."""
        if request.scope["path"].startswith(STATIC):
            return None
        return await super().limit(request)

    def api(self, service: str, member: Account | None, language: str) -> ApiClient:
        """The client of an API for a member, or for nobody."""
        token = None if member is None else self.signer.token(member.id, member.organization_id, member.roles)
        base_url = getattr(self.settings, f"{service}_url")
        return ApiClient(service, self._http[service], base_url, token=token, language=language)

    async def close(self) -> None:
        """Close the connections."""
        for http in self._http.values():
            await http.aclose()
        await super().close()
