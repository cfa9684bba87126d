"""Sealing for recipients by age: whoever makes a backup has public keys, and can read none that was made."""

import hashlib
import io
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyrage

from luotsi.platform.process import PlatformError


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class Writable(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> Any:
        """Write all of it."""

    def flush(self) -> None:
        """Write what was held back."""


@dataclass(frozen=True)
class Digest:
    """How long a sealed file is, and its SHA-256."""

    bytes: int
    sha256: str


class Damaged(Exception):
    """What was sealed does not open: it was changed or cut."""


def recipients(written: str) -> list[Any]:
    """The recipients of BACKUP_RECIPIENTS. PlatformError when there are none, or one is no public key."""
    found = []
    for number, word in enumerate(written.split(), 1):
        if word.startswith("AGE-SECRET-KEY"):
            raise PlatformError("BACKUP_RECIPIENTS holds a secret key: it takes public ones (age1…), and no other")
        try:
            found.append(pyrage.x25519.Recipient.from_str(word))
        except pyrage.RecipientError:
            raise PlatformError(f"BACKUP_RECIPIENTS: number {number} is no public key of age (age1…)") from None
    if not found:
        raise PlatformError(
            "BACKUP_RECIPIENTS is not set: make a key with `luotsi backup identity FILE`, keep FILE elsewhere, "
            "and set the public key that it prints"
        )
    return found


def new_identity() -> tuple[str, str]:
    """A new pair: what an identity file holds, and the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    return f"# public key: {public}\n{identity}\n", public


def identities(path: Path) -> list[Any]:
    """The secret keys of a file as `luotsi backup identity` and `age-keygen` write it; `-` stands for what is piped."""
    shown = "what is piped" if str(path) == "-" else str(path)
    try:
        written = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        found = [pyrage.x25519.Identity.from_str(word) for word in re.findall(r"^AGE-SECRET-KEY-\S+", written, re.M)]
    except FileNotFoundError:
        raise PlatformError(
            f"there is no file {path} here: into a container it is piped, with -T after `run`: --identity - < {path}"
        ) from None
    except (UnicodeDecodeError, pyrage.IdentityError):
        raise PlatformError(f"{shown} is damaged: take the identity from your copy") from None
    if not found:
        raise PlatformError(f"{shown} holds no secret key of age (AGE-SECRET-KEY-…): name the identity file")
    return found


class _Counting:
    def __init__(self, inner: Writable) -> None:
        self._inner = inner
        self._hash = hashlib.sha256()
        self._bytes = 0

    def write(self, data: bytes) -> int:
        self._inner.write(data)
        self._hash.update(data)
        self._bytes += len(data)
        return len(data)

    def flush(self) -> None:
        self._inner.flush()

    @property
    def digest(self) -> Digest:
        return Digest(self._bytes, self._hash.hexdigest())


def seal(plain: Readable, sealed: Writable, for_whom: Sequence[Any]) -> Digest:
    """Seal all that `plain` has into `sealed`."""
    counting = _Counting(sealed)
    try:
        pyrage.encrypt_io(plain, counting, for_whom)
    except pyrage.EncryptError as error:
        raise unwritten(error) from None
    return counting.digest


def unwritten(error: Exception) -> PlatformError:
    """What to say where a sealed file could not be written."""
    reason = str(error).removeprefix("OSError: ")
    room = f": make room in {tempfile.gettempdir()} and where backups lie" if "No space left" in reason else ""
    return PlatformError(f"the backup could not be written: {reason}{room}")


def seal_bytes(plain: bytes, for_whom: Sequence[Any]) -> bytes:
    """Seal a small thing."""
    sealed = io.BytesIO()
    seal(io.BytesIO(plain), sealed, for_whom)
    return sealed.getvalue()


class _Pieces:
    """Pieces of a file, read as one; their digest is known at the end."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        taken, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
        return taken


def open_sealed(pieces: Iterable[bytes], plain: Writable, keys: Sequence[Any]) -> None:
    """Open what was sealed into `plain`. Raises Damaged, and PlatformError when none of the keys is a recipient's."""
    try:
        pyrage.decrypt_io(_Pieces(pieces), plain, keys)
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise PlatformError(
                "this identity opens none of it: name the one whose public key stood in BACKUP_RECIPIENTS then"
            ) from None
        raise Damaged(str(error)) from None
    except OSError as error:
        if error.errno is not None:  # of `plain`
            raise
        raise Damaged(str(error)) from None


def open_bytes(sealed: bytes, keys: Sequence[Any]) -> bytes:
    """Open a small thing. Raises as `open_sealed` does."""
    plain = io.BytesIO()
    open_sealed([sealed], plain, keys)
    return plain.getvalue()
