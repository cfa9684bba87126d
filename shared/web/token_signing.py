"""Signing of access tokens (RFC 9068), the keys that sign, and the key set by which others verify them."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.ids import new_id

AUDIENCE: Final = "luotsi"
TOKEN_SECONDS: Final = 15 * 60
"""How long a token holds"""


class SigningKeyError(Exception):
    """The file of the signing key cannot be read, or holds none."""


def new_signing_key() -> ECKey:
    """A fresh key for ES256, whose id is its thumbprint (RFC 7638)."""
    return ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)


def read_signing_key(path: Path) -> ECKey:
    """The key in a file that holds it as a private JWK. Raises SigningKeyError."""
    try:
        key = ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, JoseError) as error:
        raise SigningKeyError(f"the signing key cannot be read: {error}") from error
    if not key.is_private:
        raise SigningKeyError(f"{path} holds a public key: it cannot sign")
    return key


def as_private_jwk(key: ECKey) -> str:
    """The key as one line of JSON, to be kept secret."""
    return json.dumps(key.as_dict(private=True), separators=(",", ":"))


def as_key_set(public_keys: Iterable[dict[str, Any]]) -> str:
    """Public keys, each as a JWK, as the key set (JWKS) that verifiers read: one line of JSON."""
    return json.dumps({"keys": list(public_keys)}, separators=(",", ":"))


def public_jwk(key: ECKey) -> dict[str, Any]:
    """The public half of the key."""
    return dict(key.as_dict(private=False))


def sign_token(
    key: ECKey, issuer: str, client: str, member_id: UUID, organization_id: UUID, roles: Iterable[str]
) -> str:
    """An access token that speaks for a member in one organisation for 15 minutes.

    `client` is the program that has it signed (the claim `client_id`).
    """
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(member_id),
        "org": str(organization_id),
        "roles": list(roles),
        "client_id": client,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": str(new_id()),
    }
    return jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])
