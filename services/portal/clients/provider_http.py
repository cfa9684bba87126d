"""How a provider is spoken to: what it may answer with, how long that may take, and what is said of its faults."""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from services.portal.domain.identities import is_of_the_machine

_SCOPE: Final = "openid profile email"
_WHOLE_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 512 * 1024
_PLAIN: Final = re.compile(r"[a-z0-9_]{1,60}")


class ProviderFault(Exception):
    """Something is wrong with a provider, or with what it answered.

    `reason` is the end of the key of its text; `about` is what it is about: a name, never a value.
    """

    def __init__(self, reason: str, about: str = "") -> None:
        super().__init__(reason, about)
        self.reason = reason
        self.about = about if _PLAIN.fullmatch(about) else ""


@dataclass(frozen=True)
class Registration:
    """How the portal is registered with a provider."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    loopback: bool = False
    """Whether a provider on this machine is spoken to without encryption, to try things"""


class ProviderClient(AsyncOAuth2Client):  # type: ignore[misc]
    """The library's client, which follows nobody elsewhere and reads no endless answer."""

    loopback = False
    """Whether it may speak to this machine"""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send, and read the answer as far as it may go. Raises ProviderFault for a name that leads to this machine."""
        if not self.loopback and await _leads_to_the_machine(request.url.host):
            raise ProviderFault("own_machine")
        answer = await super().send(request, **options | {"stream": True, "follow_redirects": False})
        content = bytearray()
        try:
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > _LONGEST_ANSWER:
                    raise httpx2.RemoteProtocolError("the answer is too long", request=request)
        finally:
            await answer.aclose()
        headers = {name: answer.headers[name] for name in ("content-type",) if name in answer.headers}
        return httpx2.Response(answer.status_code, headers=headers, content=bytes(content), request=request)


async def _leads_to_the_machine(host: str) -> bool:
    """Whether a name stands for an address of the machine itself; one that is not known here is a proxy's to find."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(is_of_the_machine(str(address[0])) for *_, address in found)


def client_for(registration: Registration) -> ProviderClient:
    """A client for one sign-in."""
    local = urlsplit(registration.issuer).scheme == "http"
    client = ProviderClient(
        registration.client_id,
        registration.client_secret,
        scope=_SCOPE,
        redirect_uri=registration.redirect_uri,
        code_challenge_method="S256",
        verify=ssl.create_default_context(),
        timeout=httpx2.Timeout(5.0),
        trust_env=not local,
    )
    client.loopback = registration.loopback
    return client


async def fetch_json(client: ProviderClient, address: str) -> dict[str, Any]:
    """The JSON object at an address. Raises ProviderFault."""
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            answer = await client.request("GET", address, withhold_token=True, auth=None)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
        raise ProviderFault("unreachable", kind_of(error)) from error
    if answer.status_code != 200:
        raise ProviderFault("status", str(answer.status_code))
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise ProviderFault("no_document") from None
    if not isinstance(found, dict):
        raise ProviderFault("no_document")
    return found


async def fetch_token(client: ProviderClient, document: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
    """What the code of an answer is given for. Raises ProviderFault."""
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            token = await client.fetch_token(
                document["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
            )
    except OAuthError as error:
        raise ProviderFault("token_refused", str(error.error)) from error
    except (httpx2.HTTPError, OSError, TimeoutError) as error:
        raise ProviderFault("unreachable", kind_of(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderFault("no_token") from error
    if not isinstance(token, dict) or not isinstance(token.get("id_token"), str):
        raise ProviderFault("no_id_token")
    return dict(token)


def kind_of(error: Exception) -> str:
    """What is wrong with a connection, in a word."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError) or "certificate" in str(error).casefold():
        return "certificate"
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "timeout"
    return "connection"
