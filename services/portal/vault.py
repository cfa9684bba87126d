"""Secrets of the browser: ids of sessions, and forms that are kept sealed while somebody signs in again.

The database holds digests of the ids alone, so nobody who reads it can go on with a session. What a person was typing
is sealed under a key that only their browser has.
"""

import hashlib
import os
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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
