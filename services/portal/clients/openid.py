"""OpenID Connect with the provider of an organisation: discovery, and the code flow with PKCE, state and nonce.

Each sign-in reads the provider's document and keys anew. So a key that was taken away signs nobody in any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet

from services.portal.clients.provider_http import (
    ProviderClient,
    ProviderFault,
    Registration,
    client_for,
    fetch_json,
    fetch_token,
    kind_of,
)
from services.portal.domain.identities import is_reachable_address

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512")
"""What may sign an ID token: never nothing, and never a secret that both sides have"""
_LEEWAY_SECONDS: Final = 60
_AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post")
_LONGEST_HINT: Final = 4000


@dataclass(frozen=True)
class Departure:
    """A sign-in that begins: where the browser is sent, and what has to be known when it comes back."""

    address: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Arrival:
    """Who has come back: the claims of the ID token, all verified, and what it takes to sign out there again."""

    claims: dict[str, Any]
    way_out: dict[str, str] | None


async def depart(
    registration: Registration, state: str, *, login_hint: str | None = None, again: bool = False
) -> Departure:
    """Begin a sign-in; `state` is told by the provider when the person comes back. Raises ProviderFault.

    `again` asks the provider to let the person sign in anew (OpenID Connect Core 1.0, 3.1.2.1).
    """
    async with client_for(registration) as client:
        document = await _discover(client, registration)
        nonce, verifier = generate_token(43), generate_token(64)
        hint = {"login_hint": login_hint} if login_hint else {}
        hint |= {"prompt": "login"} if again else {}
        address, _ = client.create_authorization_url(
            document["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce, **hint
        )
        return Departure(address, nonce, verifier)


async def arrive(registration: Registration, answer: Mapping[str, str], nonce: str, verifier: str) -> Arrival:
    """Who the code in `answer` stands for. Raises ProviderFault."""
    if "error" in answer:
        raise ProviderFault("denied", answer["error"])
    if not answer.get("code"):
        raise ProviderFault("no_code")
    async with client_for(registration) as client:
        document = await _discover(client, registration)
        # RFC 9207: the answer of another provider is not taken for this one's.
        named = answer.get("iss")
        if (named is None and document.get("authorization_response_iss_parameter_supported") is True) or (
            named is not None and named != registration.issuer
        ):
            raise ProviderFault("other_issuer_answered")
        token = await fetch_token(client, document, answer["code"], verifier)
        keys = await fetch_json(client, document["jwks_uri"])
        claims = _verified(registration, document, token, keys, nonce)
        return Arrival(claims, _way_out(registration, document, token["id_token"]))


def _way_out(registration: Registration, document: Mapping[str, Any], id_token: str) -> dict[str, str] | None:
    """What it takes to sign out at the provider (RP-Initiated Logout 1.0); None where it offers nothing of the kind."""
    address = document.get("end_session_endpoint")
    if not is_reachable_address(address, loopback=registration.loopback):
        return None
    hint = {"id_token_hint": id_token} if len(id_token) <= _LONGEST_HINT else {}
    return {
        "end_session_endpoint": str(address),
        "client_id": registration.client_id,
        "post_logout_redirect_uri": registration.redirect_uri,
        **hint,
    }


def way_out_address(way_out: Mapping[str, str], state: str) -> str:
    """Where the browser is sent to sign out at the provider; it comes back with `state`."""
    parameters = [(name, value) for name, value in way_out.items() if name != "end_session_endpoint"]
    return str(add_params_to_uri(way_out["end_session_endpoint"], [*parameters, ("state", state)]))


async def _discover(client: ProviderClient, registration: Registration) -> dict[str, Any]:
    document = await fetch_json(client, registration.issuer.rstrip("/") + "/.well-known/openid-configuration")
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
        raise ProviderFault("bad_claim", kind_of(error)) from error
    return dict(claims)


def _algorithms(document: Mapping[str, Any]) -> list[str]:
    offered = _texts(document.get("id_token_signing_alg_values_supported", ["RS256"]))
    return [each for each in ALGORITHMS if each in offered]


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
