"""Who is calling: access tokens (RFC 9068) verified against the platform's keys, members against the catalogue."""

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared import context
from shared.actors import Actor, Membership, require_active
from shared.database.reader import Reader
from shared.problems import unauthenticated, unavailable
from shared.web.token_signing import AUDIENCE

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
_REFETCH_AFTER_SECONDS = 10.0
_REMEMBERED_TOKENS = 1024


FindMember = Callable[[Reader, UUID], Awaitable[Membership | None]]


class Verifier:
    """Verifies access tokens of one issuer. `jwks` is the path or the URL of the issuer's public keys."""

    def __init__(self, issuer: str, jwks: str) -> None:
        self._jwks = jwks
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._verified: dict[bytes, dict[str, Any]] = {}
        self._lock = asyncio.Lock()
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
            org={"essential": True},
        )

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a valid token. Raises 401 for any other, 503 when the keys can't be had.

        A token that was found valid stays so until it expires, as long as the keys are the same.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None and known["exp"] > time.time():
            return known
        claims = await self._verify(token)
        if len(self._verified) >= _REMEMBERED_TOKENS:
            self._verified.pop(next(iter(self._verified)))  # the oldest
        self._verified[digest] = claims
        return claims

    async def _verify(self, token: str) -> dict[str, Any]:
        keys = await self._current_keys()
        try:
            decoded = self._decode(token, keys)
        except (JoseError, ValueError, RecursionError):
            keys = await self._current_keys(refetch=True)
            try:
                decoded = self._decode(token, keys)
            except (JoseError, ValueError, RecursionError):
                raise unauthenticated("The access token is not valid here, or no longer. Get a fresh one.") from None
        return decoded

    def _decode(self, token: str, keys: KeySet) -> dict[str, Any]:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        if str(decoded.header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise ValueError("not an access token")
        self._claims.validate(decoded.claims)
        return decoded.claims

    async def _current_keys(self, refetch: bool = False) -> KeySet:
        async with self._lock:
            age = time.monotonic() - self._fetched_at
            if self._keys is None or (refetch and age > _REFETCH_AFTER_SECONDS):
                try:
                    self._keys = KeySet.import_key_set(json.loads(await self._fetch()))
                    self._verified.clear()
                except (OSError, httpx2.HTTPError, ValueError, JoseError):
                    if self._keys is None:
                        raise unavailable("The platform's signing keys can't be read at the moment.") from None
                self._fetched_at = time.monotonic()
            return self._keys

    async def _fetch(self) -> str:
        if self._jwks.startswith(("https://", "http://")):
            async with httpx2.AsyncClient(timeout=5) as client:
                answer = await client.get(self._jwks)
                answer.raise_for_status()
                return answer.text
        return await asyncio.to_thread(Path(self._jwks).read_text)


def bearer_token(request: Request) -> str | None:
    """The access token of a request; None without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def authenticate(request: Request, reader: Reader, verifier: Verifier, find: FindMember) -> Actor:
    """The actor of `request`. Raises 401 without a valid token of a member who is known and may act.

    A role counts only when the token and the catalogue both give it, so that taking one away works at once.
    """
    token = bearer_token(request)
    if token is None:
        raise unauthenticated("Send `Authorization: Bearer <access token>`.")
    claims = await verifier.claims(token)
    try:
        member_id, organization_id = UUID(claims["sub"]), UUID(claims["org"])
    except (ValueError, TypeError, AttributeError):
        raise unauthenticated("The access token names no member of the platform.") from None
    member = require_active(await find(reader, member_id), organization_id)
    context.act_as(str(member_id))
    return Actor(member_id, organization_id, member.roles & _strings(claims.get("roles")))


def _strings(value: object) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, Iterable) else frozenset()
