"""Who is calling: access tokens (RFC 9068) verified against the platform's keys, members against the catalogue."""

import asyncio
import hashlib
import json
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError, MissingKeyError
from joserfc.jwk import KeySet

from shared import context
from shared.actors import Actor, Membership, require_active
from shared.database.reader import Reader
from shared.problems import Problem, unauthenticated, unavailable
from shared.web.token_signing import AUDIENCE

log = logging.getLogger(__name__)

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
LEEWAY_SECONDS: Final = 30
"""By so much the issuer's clock may be ahead of ours (`iat`, `nbf`). The end of a token (`exp`) is its end."""
_FRESH_SECONDS: Final = 30.0
"""For so long keys are used without being fetched again: one that was taken away is refused within a minute"""
_RETRY_SECONDS: Final = 10.0
"""So often they are fetched at most, for tokens that they do not verify, and while they cannot be had"""
_FIRST_RETRY_SECONDS: Final = 1.0
"""The same as long as none are known"""
_STALE_SECONDS: Final = 15 * 60.0
"""For so long the known ones are used while they cannot be had: as long as a token holds"""
_FETCH_SECONDS: Final = 5.0
_REMEMBERED_TOKENS = 1024


FindMember = Callable[[Reader, UUID], Awaitable[Membership | None]]


class Verifier:
    """Verifies access tokens of one issuer. `jwks` is the path or the URL of the issuer's public keys.

    `clock` counts seconds, from whenever.
    """

    def __init__(self, issuer: str, jwks: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._jwks = jwks
        self._clock = clock
        self._keys: KeySet | None = None
        self._read = ""
        self._away = False
        self._fetched_at = self._tried_at = -_STALE_SECONDS
        self._verified: dict[bytes, dict[str, Any]] = {}
        self._lock = asyncio.Lock()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            org={"essential": True},
        )
        self._end = jwt.JWTClaimsRegistry(exp={"essential": True})

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a valid token. Raises 401 for any other, 503 when the keys can't be had.

        A token that was found valid stays so until it expires, as long as the keys are the same.
        """
        keys = await self._current_keys()
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None and known["exp"] > time.time():
            return known
        claims = await self._verify(token, keys)
        if len(self._verified) >= _REMEMBERED_TOKENS:
            self._verified.pop(next(iter(self._verified)))  # the oldest
        self._verified[digest] = claims
        return claims

    async def has_keys(self) -> bool:
        """Whether the keys could be had when last they were fetched, which is done now where they are not fresh.

        Where not, those that were known are used for a while longer.
        """
        try:
            await self._current_keys()
        except Problem:
            return False
        return not self._away

    async def _verify(self, token: str, keys: KeySet) -> dict[str, Any]:
        try:
            decoded = self._decode(token, keys)
        except (JoseError, ValueError, RecursionError):
            keys = await self._current_keys(_RETRY_SECONDS)
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
        self._end.validate({"exp": decoded.claims.get("exp")})
        return decoded.claims

    async def _current_keys(self, fresh_seconds: float = _FRESH_SECONDS) -> KeySet:
        """Keys of not more than `fresh_seconds` ago, or the last ones while they cannot be had. Raises 503."""
        if self._keys is not None and self._clock() - self._fetched_at < fresh_seconds:
            return self._keys
        async with self._lock:  # one fetches for all who wait
            now = self._clock()
            pause = _FIRST_RETRY_SECONDS if self._keys is None else _RETRY_SECONDS
            if now - self._fetched_at >= fresh_seconds and now - self._tried_at >= pause:
                await self._renew()
            if self._keys is None or now - self._fetched_at >= _STALE_SECONDS:
                raise unavailable("The platform's signing keys can't be read at the moment.")
            return self._keys

    async def _renew(self) -> None:
        """Fetch the keys, if they can be had. Tokens that were found valid have to be so again where keys changed."""
        self._tried_at = self._clock()
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                read = await self._fetch()
            keys = _key_set(read)
        except (OSError, httpx2.HTTPError, ValueError, TypeError, LookupError, JoseError) as error:
            log.warning("the signing keys can't be read: %s", type(error).__name__)
            self._away = True
            return
        if read != self._read:
            self._verified.clear()
        self._keys, self._read, self._fetched_at, self._away = keys, read, self._tried_at, False

    async def _fetch(self) -> str:
        if self._jwks.startswith(("https://", "http://")):
            trust = ssl.create_default_context()
            # The platform's own address: a proxy of the environment is for what is outside.
            async with httpx2.AsyncClient(verify=trust, trust_env=False) as client:
                answer = await client.get(self._jwks)
                answer.raise_for_status()
                return answer.text
        return await asyncio.to_thread(Path(self._jwks).read_text)


def _key_set(text: str) -> KeySet:
    """The keys of a key set (JWKS), none where it holds none that are understood."""
    try:
        return KeySet.import_key_set(json.loads(text))
    except MissingKeyError:
        return KeySet([])


def bearer_token(request: Request) -> str | None:
    """The access token of a request; None without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def claims_of(request: Request, verifier: Verifier) -> dict[str, Any]:
    """The claims of a request's token. Raises 401 without a valid one, 503 when the keys can't be had."""
    token = bearer_token(request)
    if token is None:
        raise unauthenticated("Send `Authorization: Bearer <access token>`.", token_given=False)
    return await verifier.claims(token)


async def authenticate(request: Request, reader: Reader, verifier: Verifier, find: FindMember) -> Actor:
    """The actor of `request`. Raises 401 without a valid token of a member who is known and may act.

    A role counts only when the token and the catalogue both give it, so that taking one away works at once.
    """
    claims = await claims_of(request, verifier)
    try:
        member_id, organization_id = UUID(claims["sub"]), UUID(claims["org"])
    except (ValueError, TypeError, AttributeError):
        raise unauthenticated("The access token names no member of the platform.") from None
    member = require_active(await find(reader, member_id), organization_id)
    context.act_as(str(member_id))
    return Actor(member_id, organization_id, member.roles & _strings(claims.get("roles")))


def _strings(value: object) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, Iterable) else frozenset()
