"""Access tokens for the members whose pages are made: signed by the portal, used again for some minutes."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from joserfc.jwk import ECKey

from shared.web.token_signing import TOKEN_SECONDS, read_signing_key, sign_token

_USED_SECONDS: Final = TOKEN_SECONDS / 3
"""So long a token is used: what is under way with it ends long before it does"""
_REMEMBERED: Final = 5000


class TokenSigner:
    """Signs with the key in `file`, which is read again where it has changed."""

    def __init__(self, file: Path, issuer: str) -> None:
        self._file = file
        self._issuer = issuer
        self._read_at = -1.0
        self._key: ECKey | None = None
        self._tokens: dict[tuple[UUID, frozenset[str]], tuple[float, str]] = {}

    def token(self, member_id: UUID, organization_id: UUID, roles: Iterable[str]) -> str:
        """A token of the member. Raises SigningKeyError."""
        wanted = (member_id, frozenset(roles))
        now = time.monotonic()
        made_at, token = self._tokens.get(wanted, (0.0, ""))
        if not token or now - made_at > _USED_SECONDS:
            token = sign_token(
                self._current_key(), self._issuer, "luotsi-portal", member_id, organization_id, wanted[1]
            )
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.pop(next(iter(self._tokens)))
            self._tokens[wanted] = (now, token)
        return token

    def _current_key(self) -> ECKey:
        changed_at = self._file.stat().st_mtime
        if self._key is None or changed_at != self._read_at:
            self._key, self._read_at = read_signing_key(self._file), changed_at
        return self._key
