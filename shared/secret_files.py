"""Secrets that lie in files: for each secret variable `X`, `X_FILE` may name the file that holds its value.

So do the images of PostgreSQL and Redis, and so containers are given secrets that `docker inspect` does not show. The
password of an address has a variable of its own, `DATABASE_PASSWORD` beside `DATABASE_URL`, so that a file need hold
nothing else; it takes the place of one that stands in the address.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

_SECRET: Final = re.compile(
    r"(?:[A-Z]+_)*(?:DATABASE|REDIS)_(?:URL|PASSWORD)|DATABASE_POOLER_URL"
    r"|SMTP_(?:URL|PASSWORD)"
    r"|(?:MASTER|INDEX|AUDIT|PORTAL)_KEY(?:_PREVIOUS)?"
    r"|BOUNCE_SECRET|BACKUP_BUCKET_(?:ACCESS|SECRET)_KEY"
)
_FILE: Final = "_FILE"
_PASSWORD: Final = "_PASSWORD"  # noqa: S105  the end of a name


class SecretFaults(ValueError):
    """What is wrong with secrets and their files: a line for each, `VARIABLE: what to do`, without any value."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def is_secret(variable: str) -> bool:
    """Whether the variable may be given as a file, by its name with `_FILE` behind it."""
    return _SECRET.fullmatch(variable) is not None


def with_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with every secret in its own variable, and no `X_FILE` or password of an address left.

    A password without an address stays as it is: a shell with all of `.env` has such. Raises SecretFaults.
    """
    faults: list[str] = []
    found = {name: value for name, value in environment.items() if not _names_a_file(name)}
    for name in sorted(name for name in environment if _names_a_file(name) and environment[name]):
        secret = name.removesuffix(_FILE)
        try:
            if environment.get(secret):
                raise ValueError(f"{secret} is set as well: leave one of the two out")
            found[secret] = _content(Path(environment[name]))
        except ValueError as fault:
            faults.append(f"{name}: {fault}")
    for name in [name for name in found if name.endswith(_PASSWORD) and is_secret(name)]:
        password, address = found[name], name.removesuffix(_PASSWORD)
        urls = [url for url in (f"{address}_URL", f"{address}_POOLER_URL") if "://" in found.get(url, "")]
        if urls:
            found |= {url: _with_password(found[url], password) for url in urls if password}
            del found[name]
        elif environment.get(name + _FILE):
            faults.append(f"{name}{_FILE}: it belongs into {address}_URL, which is not set")
    if faults:
        raise SecretFaults(faults)
    return found


def secret_settings() -> dict[str, str]:
    """What this process's environment says by files and passwords, under the names of settings. Raises SecretFaults."""
    return dict(_changed(os.environ))


def _changed(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in with_secrets(environment).items():
        if environment.get(name) != value:
            yield name.lower(), value


def _names_a_file(variable: str) -> bool:
    return variable.endswith(_FILE) and is_secret(variable.removesuffix(_FILE))


def _content(path: Path) -> str:
    """What the file holds, without the end of its line. Raises ValueError."""
    try:
        text = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds something else than text") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if not text.strip():
        raise ValueError(f"{path} is empty")
    return text


def _with_password(url: str, password: str) -> str:
    scheme, _, rest = url.partition("://")
    end = min((rest.index(sign) for sign in "/?#" if sign in rest), default=len(rest))
    user, _, host = rest[:end].rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:{quote(password, safe='')}@{host}{rest[end:]}"
