"""The `.env` file of a compose deployment: `.env.example` with every empty secret filled in, once."""

import base64
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from luotsi.platform.redis_acl import USERS
from shared.services import SERVICES
from shared.web import token_signing

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"

_NAME = re.compile(r"^([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_EXAMPLE_LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_EMPTY = re.compile(r"^([A-Z][A-Z0-9_]*)=$")


def new_secrets() -> dict[str, str]:
    """A fresh value for every variable that no deployment may share with another, as written in the file."""
    private, public = _signing_keys()
    made: dict[str, Callable[[], str]] = {
        "POSTGRES_PASSWORD": _password,
        **{f"{service.name.upper()}_DB_PASSWORD": _password for service in SERVICES},
        **{f"{service.name.upper()}_OWNER_DB_PASSWORD": _password for service in SERVICES},
        **{f"{user.upper()}_REDIS_PASSWORD": _password for user in USERS},
        **{name: _key for service in SERVICES for name in service.secrets},
        "SIGNING_KEY_JSON": lambda: private,
        "JWKS_JSON": lambda: public,
    }
    return {name: make() for name, make in made.items()}


def fill(example: str, values: Mapping[str, str]) -> str:
    """The text of `.env.example` with `values` in place of its empty variables; the rest stays as it is.

    Raises KeyError when a value has no empty line to go to: the example must name every secret.
    """
    left = dict(values)
    text = "".join(_filled(example.splitlines(keepends=True), left))
    if left:
        raise KeyError(f"{EXAMPLE.name} has no empty line for {', '.join(sorted(left))}")
    return text


def write_env(path: Path, *, force: bool = False) -> bool:
    """Write `path` with fresh secrets, readable by its owner only; returns whether it was written.

    A file that exists is left as it is, since data lies encrypted and servers run under its secrets. With
    `force` it is set aside as `<name>.old` first, which raises FileExistsError when that exists too.
    """
    if path.exists():
        if not force:
            return False
        _set_aside(path)
    text = fill(EXAMPLE.read_text(encoding="utf-8"), new_secrets())
    # O_EXCL: of two that come at once, only one may decide the secrets.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return True


def add_missing(path: Path) -> list[str]:
    """Add what a newer version wants to the file at `path`, secrets freshly made; returns the names that were added."""
    lacking = set(missing(path))
    made = {name: value for name, value in new_secrets().items() if name in lacking}
    example = _EXAMPLE_LINE.findall(EXAMPLE.read_text(encoding="utf-8"))
    added = [f"{name}={made.get(name, value)}\n" for name, value in example if name in lacking]
    unfinished = path.read_text(encoding="utf-8")[-1:] not in ("", "\n")
    with path.open("a", encoding="utf-8") as file:
        file.writelines(["\n", *added] if unfinished else added)
        file.flush()
        os.fsync(file.fileno())
    return sorted(lacking)


def missing(path: Path) -> list[str]:
    """The variables of `.env.example` that the file at `path` does not name: what a newer version has added."""
    return sorted(_names(EXAMPLE) - _names(path))


def _names(path: Path) -> set[str]:
    return set(_NAME.findall(path.read_text(encoding="utf-8")))


def _filled(lines: list[str], left: dict[str, str]) -> Iterator[str]:
    for line in lines:
        match = _EMPTY.match(line.rstrip("\n"))
        if match and match[1] in left:
            yield f"{match[1]}={left.pop(match[1])}\n"
        else:
            yield line


def _set_aside(path: Path) -> None:
    old = path.with_name(path.name + ".old")
    os.link(path, old)
    path.unlink()


def _password() -> str:
    # Hexadecimal: it stands unquoted in a URL, in SQL, in an access rule of Redis and in this file.
    return secrets.token_hex(32)


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _signing_keys() -> tuple[str, str]:
    """An ES256 key as private JWK and as public JWK set, each as JSON in single quotes, which keep it as it is."""
    key = token_signing.new_signing_key()
    public = token_signing.as_key_set([token_signing.public_jwk(key)])
    return f"'{token_signing.as_private_jwk(key)}'", f"'{public}'"
