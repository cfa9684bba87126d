"""What a pack holds: rows of the outbox, as one text by zlib."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.publishing.batches import EntryId

_SEPARATOR: Final = "\0"
"""Stands between the values of a pack: no text of PostgreSQL's has it in it."""


@dataclass(frozen=True)
class PackedEvent:
    """A row of the outbox. What is packed is published."""

    id: int
    event_id: UUID
    type: str
    subject: str
    recorded_at: datetime
    published_at: datetime | None
    entry_ms: int | None
    entry_seq: int | None
    payload: str

    @property
    def entry(self) -> EntryId | None:
        """The stream entry that carries it, where that is known."""
        return None if self.entry_ms is None or self.entry_seq is None else (self.entry_ms, self.entry_seq)


_WIDTH: Final = len(fields(PackedEvent))


def compress(events: Iterable[PackedEvent]) -> bytes:
    """The body of a pack. What is alike is best kept side by side: zlib looks back for 32 kB."""
    values = (_SEPARATOR.join(map(_written, astuple(event))) for event in events)
    return zlib.compress(_SEPARATOR.join(values).encode(), 9)


def read_body(body: bytes) -> list[PackedEvent]:
    """The events of a pack, in the order of the log."""
    values = zlib.decompress(body).decode().split(_SEPARATOR)
    rows = (values[start : start + _WIDTH] for start in range(0, len(values), _WIDTH))
    return sorted(map(_event, rows), key=lambda event: event.id)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _event(row: Sequence[str]) -> PackedEvent:
    number, event_id, event_type, subject, recorded, published, entry_ms, entry_seq, payload = row
    return PackedEvent(
        int(number),
        UUID(event_id),
        event_type,
        subject,
        datetime.fromisoformat(recorded),
        datetime.fromisoformat(published),
        int(entry_ms) if entry_ms else None,
        int(entry_seq) if entry_seq else None,
        payload,
    )


__all__ = ["PackedEvent", "compress", "read_body"]
