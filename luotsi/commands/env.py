"""The `.env` file of a compose deployment: `.env.example` with every empty secret filled in, once."""

import base64
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from luotsi.platform.env_file import EnvFile
from luotsi.platform.process import PlatformError
from luotsi.platform.redis_acl import USERS
from shared.services import SERVICES, Service
from shared.web import token_signing

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"

_EXAMPLE_LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_EMPTY = re.compile(r"^([A-Z][A-Z0-9_]*)=$")


def run(path: Path, *, force: bool, add: bool) -> None:
    """Write the file, or add to it what it lacks, and print what was done."""
    if write_env(path, force=force):
        print(f"{path} is written, with fresh secrets: keep a copy somewhere safe")
        return
    if add:
        print(f"{path} has been given {', '.join(add_missing(path)) or 'nothing, for it lacks nothing'}")
        return
    print(f"{path} exists already and stays as it is")
    if gone := lost(path):
        print(gone)
    elif lacking := missing(path):
        print(f"it does not name {', '.join(lacking)}, which .env.example explains: `luotsi env --add` adds them")


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
    """Add what a newer version wants to the file at `path`, secrets freshly made; returns the names that were added.

    Raises PlatformError, and adds nothing, where the file lacks a secret that it must have had.
    """
    if gone := lost(path):
        raise PlatformError(gone)
    file = EnvFile(path)
    lacking = _lacking(file)
    example = _EXAMPLE_LINE.findall(EXAMPLE.read_text(encoding="utf-8"))
    made = new_secrets()
    file.write({name: made.get(name, value).strip("'") for name, value in example if name in lacking})
    return sorted(lacking)


def missing(path: Path) -> list[str]:
    """The variables of `.env.example` that the file at `path` does not name, and secrets that it leaves empty."""
    return sorted(_lacking(EnvFile(path)))


def lost(path: Path) -> str | None:
    """What to do about the secrets that the file at `path` has not any more; None when it lacks none of its own.

    A secret is new to a file that has none of those that came in the same version. So a file without any is new as a
    whole, and one of an older version is given what came later. No secret is made a second time: data lies under it.
    """
    values = EnvFile(path).values
    there = {name for name, value in values.items() if value}
    gone = sorted(name for age in _ages(values) if age & there for name in age - there)
    if not gone:
        return None
    return (
        f"{path} has no value for {', '.join(gone)}, though it has others of the same version: data lies under what it "
        "was, and no new one is made. Take it from your copy of the file. A password that is taken anew at every start "
        "(…_DB_PASSWORD, …_REDIS_PASSWORD) may also be a new one, written by hand. Where there is no data yet, "
        "`luotsi env --force` begins anew"
    )


def _ages(values: Mapping[str, str]) -> list[set[str]]:
    """All secrets, those together that came in the same version; the newest are those of services the file has not."""
    named = {service: {name for name in _of_service(service) if name in values} for service in SERVICES}
    new_services = {name for service, names in named.items() if not names for name in _of_service(service)}
    later = {"AUDIT_KEY", *(f"{service.name.upper()}_OWNER_DB_PASSWORD" for service in SERVICES)} - new_services
    first = set(new_secrets()) - later - new_services
    return [first, later, new_services]


def _of_service(service: Service) -> set[str]:
    name = service.name.upper()
    return {f"{name}_DB_PASSWORD", f"{name}_OWNER_DB_PASSWORD", f"{name}_REDIS_PASSWORD", *service.secrets}


def _lacking(file: EnvFile) -> set[str]:
    values = file.values
    secret = new_secrets()
    return {name for name in _names() if name not in values or (name in secret and not values[name])}


def _names() -> set[str]:
    return {name for name, _ in _EXAMPLE_LINE.findall(EXAMPLE.read_text(encoding="utf-8"))}


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
