"""Events as the relay carries them from the log onto the stream, and the names of the stream's entries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Self

EntryId = tuple[int, int]
"""The two numbers of a stream entry's name, `<ms>-<seq>`."""


@dataclass(frozen=True)
class Batch:
    """Events of the log in order: the ids of their rows, themselves, and what they are about."""

    ids: list[int]
    payloads: list[str]
    subjects: list[str]

    @classmethod
    def of(cls, rows: Sequence[Any]) -> Self:
        """The events of such rows."""
        return cls([r["id"] for r in rows], [r["payload"] for r in rows], [r["subject"] for r in rows])

    def __add__(self, other: "Batch") -> "Batch":
        return Batch(self.ids + other.ids, self.payloads + other.payloads, self.subjects + other.subjects)

    def without(self, ids: Collection[int]) -> "Batch":
        """The same but for these."""
        kept = [each not in ids for each in self.ids]
        return Batch(
            list(compress(self.ids, kept)), list(compress(self.payloads, kept)), list(compress(self.subjects, kept))
        )

    def __len__(self) -> int:
        return len(self.ids)


def entry_of(row: Any) -> EntryId | None:
    """The entry that a row names, should it name one."""
    return None if row is None or row["entry_ms"] is None else (row["entry_ms"], row["entry_seq"])
