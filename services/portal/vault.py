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
from typing import Any, Final

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


class AccountVault:
    """Seals with PORTAL_KEY what people sign in with and the steps of signing in, and keys what is only compared.

    What is sealed opens in the place alone that it was sealed for, such as a row's id.
    """

    def __init__(self, portal_key: bytes) -> None:
        self._cipher = AESGCM(_subkey(portal_key, "seal"))
        self._digest_key = _subkey(portal_key, "digest")

    def seal(self, value: Any, place: str) -> bytes:
        """A value that JSON can hold, sealed for `place`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, json.dumps(value).encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> Any:
        """The value that `seal` was given. Raises Unreadable for another key, another place, or damage."""
        try:
            return json.loads(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()))
        except (InvalidTag, ValueError) as error:
            raise Unreadable from error

    def digest(self, *parts: str) -> bytes:
        """A keyed hash: equal for equal parts, and telling nobody what they were."""
        return hmac.digest(self._digest_key, "\x1f".join(parts).encode(), "sha256")


def _subkey(portal_key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"luotsi portal {purpose}".encode()).derive(portal_key)
