"""The ledger: what was done since the last backup, kept beside the backups and outside of every database.

It holds ids, codes and times, nothing about who a client is and no address of anybody. A restore takes out of it whom
to erase again, which consents were withdrawn, what was marked as an error, and who was told of what already.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from luotsi.backup import sealing
from luotsi.backup.manifest import finished, moment_of
from luotsi.backup.store import BackupStore
from luotsi.platform.process import PlatformError

FOLDER: Final = "ledger"
POSITION: Final = f"{FOLDER}/position.json"
NAME: Final = "%Y-%m-%dT%H-%M-%S"
OVERLAP: Final = timedelta(minutes=5)
"""Rows bear the moment at which their transaction began: what a longer one writes is still found."""


class Entry(BaseModel):
    """One thing that was done: an event was recorded, somebody was told of one, a client was erased.

    `id` is the event's, the delivery's or the client's.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["event", "told", "erased"]
    id: UUID
    at: datetime
    service: str
    type: str = ""
    subject: UUID | None = None
    actor: str = ""
    data: dict[str, Any] = {}


@dataclass(frozen=True)
class Ledger:
    """What was read of it. `until` says for each service how far it reaches; nothing where it was never kept."""

    entries: Sequence[Entry] = ()
    until: Mapping[str, datetime] = field(default_factory=dict)

    def events(self, *names: str) -> Iterator[Entry]:
        """The events of these types, oldest first; of all where none is named."""
        return (entry for entry in self.entries if entry.kind == "event" and (not names or entry.type in names))

    def of_kind(self, kind: str) -> Iterator[Entry]:
        """The entries of a kind, oldest first."""
        return (entry for entry in self.entries if entry.kind == kind)


def read_ledger(store: BackupStore, keys: Sequence[Any], since: datetime) -> Ledger:
    """What was done since a moment. PlatformError for a piece that is damaged, or that the identity does not open."""
    earliest = f"{FOLDER}/{(since - OVERLAP).strftime(NAME)}"
    names = sorted(name for name in store.sizes(FOLDER) if name.endswith(".jsonl.age") and name >= earliest)
    entries: dict[tuple[str, UUID], Entry] = {}
    for name in names:
        for entry in _piece(store, name, keys):
            entries.setdefault((entry.kind, entry.id), entry)
    ordered = sorted((entry for entry in entries.values() if entry.at >= since - OVERLAP), key=lambda each: each.at)
    return Ledger(ordered, position(store))


def _piece(store: BackupStore, name: str, keys: Sequence[Any]) -> Iterable[Entry]:
    try:
        lines = sealing.open_bytes(b"".join(store.stream(name)), keys).splitlines()
        return [Entry.model_validate_json(line) for line in lines]
    except (sealing.Damaged, ValidationError):
        raise PlatformError(
            f"{name} is damaged, and with it erasures and withdrawals may be lost: take it from your copy of "
            f"{store.shown}, or go on without what it held by moving it away"
        ) from None


def prune_ledger(store: BackupStore) -> int:
    """Remove what is older than the oldest backup that is kept; returns how many files went."""
    kept = finished(store)
    if not kept:
        return 0
    earliest = f"{FOLDER}/{(moment_of(kept[0]) - 2 * OVERLAP).strftime(NAME)}"
    old = [name for name in store.sizes(FOLDER) if name.endswith(".jsonl.age") and name < earliest]
    store.delete(*old)
    return len(old)


def position(store: BackupStore) -> dict[str, datetime]:
    written = store.read(POSITION)
    if written is None:
        return {}
    try:
        return {name: datetime.fromisoformat(each) for name, each in json.loads(written).items()}
    except (ValueError, AttributeError, TypeError):
        raise PlatformError(
            f"{POSITION} is damaged: take it away, and the ledger begins at the oldest backup"
        ) from None
