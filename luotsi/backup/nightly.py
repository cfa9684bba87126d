"""The process of backups as `luotsi up` starts it where BACKUP_TARGET is set: the environment names all it needs."""

import sys

from luotsi.backup import schedule
from luotsi.backup.settings import backup_settings
from luotsi.backup.store import open_store
from luotsi.platform.data_dir import private_files
from luotsi.platform.process import PlatformError
from luotsi.platform.target import find_target


@private_files()
def main() -> None:
    """Run until stopped."""
    try:
        target = find_target()
        settings = backup_settings(target.environment)
        schedule.run(target, open_store(settings), settings)
    except PlatformError as error:
        sys.exit(f"backup: {error}")


if __name__ == "__main__":
    main()
