"""OpenID Connect with the provider of an organisation: discovery, and the code flow with PKCE, state and nonce.

Each sign-in reads the provider's document and keys anew. So a key that was taken away signs nobody in any more.
"""

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
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet

from services.portal.domain.identities import is_of_the_machine, is_reachable_address

SCOPE: Final = "openid profile email"
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512")
"""What may sign an ID token: never nothing, and never a secret that both sides have"""
_LEEWAY_SECONDS: Final = 60
_WHOLE_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 512 * 1024
_AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post")
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


@dataclass(frozen=True)
class Departure:
    """A sign-in that begins: where the browser is sent, and what has to be known when it comes back."""

    address: str
    nonce: str
    verifier: str


async def depart(registration: Registration, state: str, *, login_hint: str | None = None) -> Departure:
    """Begin a sign-in; `state` is told by the provider when the person comes back. Raises ProviderFault."""
    async with _client(registration) as client:
        document = await _discover(client, registration)
        nonce, verifier = generate_token(43), generate_token(64)
        hint = {"login_hint": login_hint} if login_hint else {}
        address, _ = client.create_authorization_url(
            document["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce, **hint
        )
        return Departure(address, nonce, verifier)


async def arrive(registration: Registration, answer: Mapping[str, str], nonce: str, verifier: str) -> dict[str, Any]:
    """The claims of the ID token that the code in `answer` stands for, all of them verified. Raises ProviderFault."""
    if "error" in answer:
        raise ProviderFault("denied", answer["error"])
    if not answer.get("code"):
        raise ProviderFault("no_code")
    async with _client(registration) as client:
        document = await _discover(client, registration)
        # RFC 9207: the answer of another provider is not taken for this one's.
        named = answer.get("iss")
        if (named is None and document.get("authorization_response_iss_parameter_supported") is True) or (
            named is not None and named != registration.issuer
        ):
            raise ProviderFault("other_issuer_answered")
        token = await _fetch_token(client, document, answer["code"], verifier)
        keys = await _fetch_json(client, document["jwks_uri"])
        return _verified(registration, document, token, keys, nonce)


async def _discover(client: "_Client", registration: Registration) -> dict[str, Any]:
    document = await _fetch_json(client, registration.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != registration.issuer:
        raise ProviderFault("other_issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if name not in document:
            raise ProviderFault("missing", name)
        if not is_reachable_address(document[name], loopback=registration.loopback):
            raise ProviderFault("unfit_address", name)
    if "code" not in _texts(document.get("response_types_supported", ["code"])):
        raise ProviderFault("no_code_flow")
    if "S256" not in _texts(document.get("code_challenge_methods_supported", ["S256"])):
        raise ProviderFault("no_pkce")
    if not _algorithms(document):
        raise ProviderFault("no_algorithm")
    offered = _texts(document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]))
    if registration.client_secret is None:
        client.token_endpoint_auth_method = "none"  # noqa: S105 -- a method's name
    elif chosen := next((method for method in _AUTH_METHODS if method in offered), None):
        client.token_endpoint_auth_method = chosen
    else:
        raise ProviderFault("no_auth_method")
    return document


async def _fetch_json(client: "_Client", address: str) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            answer = await client.request("GET", address, withhold_token=True, auth=None)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
        raise ProviderFault("unreachable", _kind_of(error)) from error
    if answer.status_code != 200:
        raise ProviderFault("status", str(answer.status_code))
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise ProviderFault("no_document") from None
    if not isinstance(found, dict):
        raise ProviderFault("no_document")
    return found


async def _fetch_token(client: "_Client", document: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            token = await client.fetch_token(
                document["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
            )
    except OAuthError as error:
        raise ProviderFault("token_refused", str(error.error)) from error
    except (httpx2.HTTPError, OSError, TimeoutError) as error:
        raise ProviderFault("unreachable", _kind_of(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderFault("no_token") from error
    if not isinstance(token, dict) or not isinstance(token.get("id_token"), str):
        raise ProviderFault("no_id_token")
    return dict(token)


def _verified(
    registration: Registration, document: Mapping[str, Any], token: Mapping[str, Any], keys: dict[str, Any], nonce: str
) -> dict[str, Any]:
    """The claims of the ID token. Raises ProviderFault."""
    try:
        key_set = KeySet.import_key_set(keys)  # type: ignore[arg-type]
        decoded = jwt.decode(token["id_token"], key_set, algorithms=_algorithms(document))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProviderFault("bad_signature") from error
    wanted = {
        "iss": {"essential": True, "value": registration.issuer},
        "aud": {"essential": True, "value": registration.client_id},
    }
    given = {"nonce": nonce, "client_id": registration.client_id, "access_token": token.get("access_token")}
    claims = CodeIDToken(decoded.claims, decoded.header, wanted, given)
    try:
        claims.validate(leeway=_LEEWAY_SECONDS)
    except ClaimError as error:
        raise ProviderFault("bad_claim", str(error.claim)) from error
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise ProviderFault("bad_claim", _kind_of(error)) from error
    return dict(claims)


def _algorithms(document: Mapping[str, Any]) -> list[str]:
    offered = _texts(document.get("id_token_signing_alg_values_supported", ["RS256"]))
    return [each for each in ALGORITHMS if each in offered]


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _kind_of(error: Exception) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError) or "certificate" in str(error).casefold():
        return "certificate"
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "timeout"
    return "connection"


class _Client(AsyncOAuth2Client):  # type: ignore[misc]
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


def _client(registration: Registration) -> _Client:
    local = urlsplit(registration.issuer).scheme == "http"
    client = _Client(
        registration.client_id,
        registration.client_secret,
        scope=SCOPE,
        redirect_uri=registration.redirect_uri,
        code_challenge_method="S256",
        verify=ssl.create_default_context(),
        timeout=httpx2.Timeout(5.0),
        trust_env=not local,
    )
    client.loopback = registration.loopback
    return client
