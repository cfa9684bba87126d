"""Which backups are kept: the newest of each of so many days, weeks and months."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from luotsi.backup.manifest import finished, moment_of, names, newest_before_upgrade
from luotsi.backup.settings import BackupSettings
from luotsi.backup.store import BackupStore
from shared.clock import KUOPIO

_ABANDONED: Final = timedelta(days=1)
"""How old a backup is that was never finished, when nobody is making it any more."""


@dataclass(frozen=True)
class Keep:
    """For how many days, weeks and months the newest backup is kept."""

    daily: int
    weekly: int
    monthly: int


def kept(moments: Iterable[datetime], keep: Keep) -> set[datetime]:
    """Those of the backups' moments that are kept. Days, weeks and months without a backup do not count."""
    newest_first = sorted(moments, reverse=True)
    periods: list[tuple[int, Callable[[datetime], Hashable]]] = [
        (keep.daily, lambda moment: moment.date()),
        (keep.weekly, lambda moment: moment.isocalendar()[:2]),
        (keep.monthly, lambda moment: (moment.year, moment.month)),
    ]
    found = set(newest_first[:1])
    for number, period in periods:
        newest: dict[Hashable, datetime] = {}
        for moment in newest_first:
            newest.setdefault(period(moment.astimezone(KUOPIO)), moment)
        found |= set(islice(newest.values(), number))
    return found


def prune(store: BackupStore, settings: BackupSettings, now: datetime) -> list[str]:
    """Remove the backups that are not kept, and those that were never finished; returns their names."""
    whole = finished(store)
    keep = Keep(settings.backup_keep_daily, settings.backup_keep_weekly, settings.backup_keep_monthly)
    stay = kept(map(moment_of, whole), keep)
    if before := newest_before_upgrade(store, whole):
        stay.add(moment_of(before))
    gone = [name for name in whole if moment_of(name) not in stay]
    gone += [name for name in names(store) if name not in whole and moment_of(name) < now - _ABANDONED]
    for name in gone:
        # The manifest first: half a set is never taken for a whole one.
        files = sorted(store.sizes(f"backups/{name}"), key=lambda path: not path.endswith("manifest.json"))
        store.delete(*files)
    return gone
