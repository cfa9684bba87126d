"""Renewing a platform's keys where they are kept: in the data directory, or in a `.env`."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from luotsi.platform.data_dir import read_json, write_private
from luotsi.platform.env_file import EnvFile
from luotsi.platform.process import PlatformError
from shared.web import token_signing

_FORMER = ("MASTER_KEY_PREVIOUS", "INDEX_KEY_PREVIOUS", "PORTAL_KEY_PREVIOUS")
_SINCE = "luotsi_retired_at"
"""Member of a public key that no longer signs: since when (seconds since 1970). Readers of a JWK set pass it over."""


class Store(Protocol):
    """Secrets by the names they have as variables."""

    def read(self) -> dict[str, str]:
        """All that are there."""

    def write(self, changes: Mapping[str, str]) -> None:
        """Change some; an empty value takes one away."""


def store(env: Path | None, data: Path) -> Store:
    """The `.env` if one is named, else the data directory. PlatformError when it is not there."""
    if env is not None:
        if not env.is_file():
            raise PlatformError(f"there is no {env}")
        return EnvStore(env)
    if not (data / "secrets.json").is_file():
        raise PlatformError(f"no platform has run in {data}; name a .env with --env")
    return DataStore(data)


class EnvStore:
    """A `.env` of a compose deployment."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, str]:
        """Every variable of the file."""
        return EnvFile(self._path).values

    def write(self, changes: Mapping[str, str]) -> None:
        """Change these variables where they stand, or add them."""
        EnvFile(self._path).write(changes)


class DataStore:
    """The data directory of embedded mode: secrets.json, and the signing keys in files of their own."""

    def __init__(self, data: Path) -> None:
        self._secrets = data / "secrets.json"
        self._signing = {
            "SIGNING_KEY_JSON": data / "keys" / "signing.json",
            "JWKS_JSON": data / "keys" / "jwks.json",
        }

    def read(self) -> dict[str, str]:
        """Every secret."""
        kept = {name.upper(): f"{value}=" for name, value in read_json(self._secrets).items()}
        files = {name: path.read_text(encoding="utf-8") for name, path in self._signing.items() if path.exists()}
        return kept | files

    def write(self, changes: Mapping[str, str]) -> None:
        """Change some."""
        kept = read_json(self._secrets)
        for name, value in changes.items():
            if path := self._signing.get(name):
                write_private(path, value + "\n")
                path.chmod(0o644 if name == "JWKS_JSON" else 0o600)
            elif value:
                kept[name.lower()] = value.rstrip("=")
            else:
                kept.pop(name.lower(), None)
        write_private(self._secrets, json.dumps(kept, indent=2) + "\n")


def renew(keys: Store, name: str) -> None:
    """Make a new key `name`, and keep the former one as `<name>_PREVIOUS`.

    PlatformError while there is still an earlier `<name>_PREVIOUS`: what it encrypted could no longer be read.
    """
    known = keys.read()
    if known.get(f"{name}_PREVIOUS"):
        raise PlatformError(f"{name}_PREVIOUS is still there: `luotsi keys rotate`, then `luotsi keys retire` first")
    former = _needed(known, name)
    fresh = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    keys.write({f"{name}_PREVIOUS": former, name: fresh})


def renew_signing(keys: Store) -> None:
    """Sign by a new key from now on. The former public key stays, for the tokens that it signed.

    The public keys are written first, so that nobody meets a token whose key is not there yet.
    """
    known, now = keys.read(), int(time.time())
    fresh = token_signing.new_signing_key()
    former = [{_SINCE: now, **key} for key in _public(known)]
    keys.write({"JWKS_JSON": token_signing.as_key_set([*former, token_signing.public_jwk(fresh)])})
    keys.write({"SIGNING_KEY_JSON": token_signing.as_private_jwk(fresh)})


def retire(keys: Store) -> list[str]:
    """Take away former keys, and public keys all of whose tokens have expired; returns the names of what is gone."""
    known = keys.read()
    gone = [name for name in _FORMER if known.get(name)]
    now = time.time()
    public = _public(known)
    kept = [key for key in public if now - key.get(_SINCE, now) <= token_signing.TOKEN_SECONDS]
    changes = dict.fromkeys(gone, "")
    if len(kept) < len(public):
        changes["JWKS_JSON"] = token_signing.as_key_set(kept)
        gone += [f"signing key {key['kid']}" for key in public if key not in kept]
    if changes:
        keys.write(changes)
    return gone


def _public(known: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        return [dict(key) for key in json.loads(_needed(known, "JWKS_JSON"))["keys"]]
    except (ValueError, KeyError, TypeError):
        raise PlatformError("JWKS_JSON is no set of keys (JSON): take it from your copy") from None


def _needed(known: Mapping[str, str], name: str) -> str:
    """The key that is in use. PlatformError when there is none that could be kept beside a new one."""
    if not known.get(name):
        raise PlatformError(
            f"there is no {name}: what is closed with it could not be opened any more. Take it from your copy"
        )
    return known[name]
