"""What the portal seals: under a key that only a browser has, and under its own (PORTAL_KEY).

Secrets of the browser are ids of sessions, and open forms that are kept while somebody signs in again.

The database holds digests of the ids alone, so nobody who reads it can go on with a session. What a person was typing
is sealed under a key that only their browser has.
"""

import hashlib
import hmac
import json
import os
import secrets
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES: Final = 32
_NONCE: Final = 12


class Unreadable(Exception):
    """A sealed form does not open with this key."""


def new_secret() -> str:
    """A random secret of 256 bits, in letters that a cookie may hold."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """What the database holds of a secret."""
    return _derived("id", secret)


def csrf_token(session_secret: str) -> str:
    """The token that proves a form to be of this session; it says nothing about the session's secret."""
    return _derived("csrf", session_secret).hex()


def seal(secret: str, content: bytes) -> bytes:
    """Content that opens with `secret` alone."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_derived("seal", secret)).encrypt(nonce, content, None)


def unseal(secret: str, sealed: bytes) -> bytes:
    """What was sealed with `secret`. Raises Unreadable."""
    try:
        return AESGCM(_derived("seal", secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def _derived(purpose: str, secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=32, person=f"luotsi {purpose}".encode()).digest()


Age = Literal["present", "former"]
"""Of a key: while PORTAL_KEY is being changed there are two"""


class AccountVault:
    """Seals with PORTAL_KEY what people sign in with and the steps of signing in, and keys what is only compared.

    What is sealed opens in the place alone that it was sealed for, such as a row's id. It does not say by which key it
    was sealed: while that is being changed both are tried, and only the present one seals.
    """

    def __init__(self, portal_key: bytes, former_key: bytes | None = None) -> None:
        keys: dict[Age, bytes | None] = {"present": portal_key, "former": former_key}
        self._ciphers = {age: AESGCM(_subkey(key, "seal")) for age, key in keys.items() if key}
        self.digest_keys = [_subkey(key, "digest") for key in keys.values() if key]
        """What keyed recovery codes before each person had a key for them, that of the present PORTAL_KEY first"""

    @property
    def is_changing(self) -> bool:
        """Whether there is a former key beside the present one."""
        return "former" in self._ciphers

    def seal(self, value: Any, place: str) -> bytes:
        """A value that JSON can hold, sealed for `place`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers["present"].encrypt(nonce, json.dumps(value).encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> Any:
        """The value that `seal` was given. Raises Unreadable for another key, another place, or damage."""
        return self._open(sealed, place)[1]

    def age_of(self, sealed: bytes, place: str) -> Age | None:
        """Which key opens a sealed value; None where none does."""
        try:
            return self._open(sealed, place)[0]
        except Unreadable:
            return None

    def _open(self, sealed: bytes, place: str) -> tuple[Age, Any]:
        for age, cipher in self._ciphers.items():
            try:
                return age, json.loads(cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()))
            except (InvalidTag, ValueError):
                continue
        raise Unreadable

    def digest(self, *parts: str) -> bytes:
        """A keyed hash: equal for equal parts, and telling nobody what they were."""
        return keyed_digest(self.digest_keys[0], *parts)


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """The keyed hash of parts under a key (HMAC-SHA-256)."""
    return hmac.digest(key, "\x1f".join(parts).encode(), "sha256")


def _subkey(portal_key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"luotsi portal {purpose}".encode()).derive(portal_key)
