"""Secrets of a data directory under which data lies: they are made once, and never in place of one that is gone."""

from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import PlatformError
from shared.services import SERVICES, Service

_SUPERUSER = "postgres_postgres"
_LATER = "audit_key"
"""A directory of the first version has none yet. The owners' passwords came together with it."""


def refuse_lost_secrets(data: DataDir) -> None:
    """Raises PlatformError when there is a database and one of the secrets is gone that it cannot do without.

    All other passwords are taken anew at every start.
    """
    if not (data.postgres / "luotsi-ready").exists():
        return
    keys = [name for service in SERVICES if not _is_new(service, data) for name in _keys_of(service)]
    older = not any(data.kept_secret(f"postgres_{service.name}_owner") for service in SERVICES)
    needed = [_SUPERUSER, *(name for name in keys if not (name == _LATER and older))]
    if gone := [name for name in needed if not data.kept_secret(name)]:
        raise PlatformError(
            f"{data.root / 'secrets.json'} has no {', '.join(gone)}, and data lies under what it was: "
            "no new one is made. Take the file from your copy, or begin anew in another directory with --data"
        )


def make_keys(data: DataDir) -> None:
    """Make the keys that are not there yet, before anything is that would tell that they are gone."""
    for service in SERVICES:
        for name in _keys_of(service):
            data.secret(name)


def _keys_of(service: Service) -> list[str]:
    return [name.lower() for name in service.secrets]


def _is_new(service: Service, data: DataDir) -> bool:
    """Whether the directory has never run that service, and so has none of what is made for it."""
    passwords = [f"postgres_{service.name}", f"postgres_{service.name}_owner", f"redis_{service.name}"]
    return not any(data.kept_secret(name) for name in [*passwords, *_keys_of(service)])
