"""A look at backups: is the newest one young enough, and is the place there where they go?"""

import asyncio
from typing import Final

from luotsi.backup.manifest import finished, moment_of
from luotsi.backup.settings import BackupSettings, backup_settings
from luotsi.backup.store import open_store
from luotsi.doctor.finding import A_DAY_MISSED, Finding, age
from luotsi.platform.target import Target
from shared.clock import utc_now

_ADVICE: Final = "is `backup` running? Its log says why it fails"


async def backups(target: Target) -> list[Finding]:
    """How old the newest finished one is. PlatformError when the place cannot be reached."""
    stated = str(target.platform.get("backups", ""))
    where = target.environment.get("BACKUP_TARGET") or stated
    if not where or not (stated or target.environment.get("BACKUP_RECIPIENTS")):
        return [Finding("backups", True, "none are made (BACKUP_TARGET, BACKUP_RECIPIENTS)")]
    settings = backup_settings({**target.environment, "BACKUP_TARGET": where})
    if where.startswith("s3://") and not settings.backup_bucket_secret_key.get_secret_value():
        return [Finding("backups", True, f"go to {where}, which cannot be seen from here: `backup list` shows them")]
    return [await asyncio.to_thread(_newest, settings)]


def _newest(settings: BackupSettings) -> Finding:
    where, made = settings.backup_target, finished(open_store(settings))
    if not made:
        return Finding("backups", False, f"none is finished in {where}", _ADVICE)
    ago = utc_now() - moment_of(made[-1])
    return Finding("backups", ago < A_DAY_MISSED, f"the newest was made {age(ago.total_seconds())} ago", _ADVICE)
