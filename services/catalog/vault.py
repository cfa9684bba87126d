"""The catalogue's vault: answers kept for repeated requests are sealed, and the keys of these requests are hashed."""

import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.database.addresses import password_in

_NONCE_BYTES = 12


class Vault:
    """Hashes and seals by keys that are derived from a secret of this service: its password for the database.

    The database knows no more of it than a salted verifier, so who has a copy of the tables can't try keys out. With
    another password what was kept is not found any more, as if its time had come.
    """

    def __init__(self, database_url: str) -> None:
        secret = (password_in(database_url) or database_url).encode()
        self._hashing = hmac.digest(secret, b"luotsi catalogue: hash of idempotency keys", "sha256")
        self._sealing = AESGCM(hmac.digest(secret, b"luotsi catalogue: seal of kept answers", "sha256"))

    def digest(self, *parts: str) -> bytes:
        """A keyed hash (HMAC-SHA-256) that finds equal values without telling what they are."""
        return hmac.digest(self._hashing, "\x1f".join(parts).encode(), "sha256")

    def seal(self, value: Any, associated_data: str) -> bytes:
        """`value` (anything JSON can hold) sealed (AES-256-GCM); it opens only with the same `associated_data`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, json.dumps(value).encode(), associated_data.encode())

    def open(self, sealed: bytes, associated_data: str) -> Any:
        """The value that `seal` was given. Raises ValueError for what was sealed otherwise, or is damaged."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return json.loads(self._sealing.decrypt(nonce, rest, associated_data.encode()))
        except InvalidTag:
            raise ValueError(associated_data) from None


__all__ = ["Vault"]
