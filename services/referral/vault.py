"""The vault: client data and free text under a key per client, that key under the master key (AES-256-GCM)."""

import hashlib
import hmac
import json
import os
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class Unreadable(Exception):
    """A sealed value does not open: another key, other associated data, or damage."""


class Vault:
    """Seals and opens with AES-256-GCM. Every value is bound to associated data, such as its row's id.

    So it opens in the place it was sealed for only, and nobody can move it to another row.

    A random 96-bit nonce per value is safe for 2^32 values under one key (NIST SP 800-38D, 8.3); a client's
    key seals far fewer. While a key is being changed, the former one still opens and finds; only the new one seals.
    """

    def __init__(
        self,
        master_key: bytes,
        index_key: bytes,
        *,
        former_master_key: bytes | None = None,
        former_index_key: bytes | None = None,
    ) -> None:
        self.master_id = _id_of(master_key)
        self._masters = {_id_of(key): AESGCM(key) for key in (master_key, former_master_key) if key}
        self._index_keys = [key for key in (index_key, former_index_key) if key]

    @property
    def master_ids(self) -> list[bytes]:
        """What the wrapped keys begin with that this vault opens."""
        return list(self._masters)

    def new_key(self, client_id: UUID) -> tuple[bytes, bytes]:
        """A fresh key for a client: the key itself, and the key wrapped for keeping."""
        key = AESGCM.generate_key(256)
        return key, self.wrap(client_id, key)

    def wrap(self, client_id: UUID, key: bytes) -> bytes:
        """A client's key wrapped by the master key; it begins with `master_id`."""
        return self.master_id + _seal(self._masters[self.master_id], key, f"key:{client_id}")

    def unwrap(self, client_id: UUID, wrapped: bytes) -> bytes:
        """The key of a client. Raises Unreadable, also when another master key wrapped it."""
        master = self._masters.get(wrapped[:_KEY_ID_BYTES])
        if master is None:
            raise Unreadable("wrapped under another master key")
        return _open(master, wrapped[_KEY_ID_BYTES:], f"key:{client_id}")

    def seal_own(self, value: Any, associated_data: str) -> bytes:
        """A value that is about no single client, sealed by the master key; it begins with `master_id`."""
        return self.master_id + _seal(self._masters[self.master_id], _as_json(value), associated_data)

    def open_own(self, sealed: bytes, associated_data: str) -> Any:
        """The value that `seal_own` was given. Raises Unreadable, also when another master key sealed it."""
        master = self._masters.get(sealed[:_KEY_ID_BYTES])
        if master is None:
            raise Unreadable("sealed under another master key")
        return json.loads(_open(master, sealed[_KEY_ID_BYTES:], associated_data))

    def digest(self, *parts: str) -> bytes:
        """A keyed hash (HMAC-SHA-256) that finds equal values without telling what they are."""
        return self.digests(*parts)[0]

    def digests(self, *parts: str) -> list[bytes]:
        """The same under the index key and, while that is being changed, under the former one: what to look for."""
        return [hmac.digest(key, "\x1f".join(parts).encode(), "sha256") for key in self._index_keys]


def _id_of(master_key: bytes) -> bytes:
    return hashlib.sha256(b"luotsi master key id" + master_key).digest()[:_KEY_ID_BYTES]


def seal(key: bytes, value: Any, associated_data: str) -> bytes:
    """`value` (anything JSON can hold) sealed under a client's key; it opens only with the same `associated_data`."""
    return _seal(AESGCM(key), _as_json(value), associated_data)


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def unseal(key: bytes, sealed: bytes, associated_data: str) -> Any:
    """The value that `seal` was given. Raises Unreadable for another key, other associated data, or damage."""
    return json.loads(_open(AESGCM(key), sealed, associated_data))


def _seal(cipher: AESGCM, plain: bytes, associated_data: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, associated_data.encode())


def _open(cipher: AESGCM, sealed: bytes, associated_data: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated_data.encode())
    except InvalidTag:
        raise Unreadable(associated_data) from None
