"""`luotsi rehearse`: the migrations of this version, on a copy that is thrown away."""

from pathlib import Path

from luotsi.backup import sealing
from luotsi.backup.manifest import choose
from luotsi.backup.settings import backup_settings
from luotsi.backup.store import open_store
from luotsi.platform.data_dir import private_files
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from luotsi.upgrade import rehearsing


@private_files()
def run(target: Target, backup: str | None, identity: Path | None) -> None:
    """Rehearse on a backup that the identity opens, or without either on the databases as they are now."""
    if (backup is None) != (identity is None):
        raise PlatformError("a backup is opened by its identity: name both, as in `rehearse latest --identity FILE`")
    if backup is None or identity is None:
        with rehearsing.running_databases(target) as source:
            rehearsing.rehearse(target, source, print)
        return
    store = open_store(backup_settings(target.environment))
    rehearsing.rehearse(target, rehearsing.Source(store, choose(store, backup), sealing.identities(identity)), print)
