"""Notices that were made anew after the notification database was taken back: whoever had the mail gets no other."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.checks.expectations import Finding

if TYPE_CHECKING:
    from tests.faults.checks.snapshot import Snapshot


@dataclass(frozen=True)
class Remade:
    """`formers`: each delivery by mail that was made anew → the one before the loss that told the same of the same.

    `held_back` are deliveries of which nobody knows whether their mail was sent, as the operator was told.
    """

    formers: Mapping[str, str] = field(default_factory=dict)
    held_back: frozenset[str] = frozenset()


def check_remade(remade: Remade, seen: "Snapshot", mailed: Collection[str]) -> Iterator[Finding]:
    """One mail of two deliveries at most; and what is known as sent was sent. `mailed`: deliveries whose mail came."""
    status = {str(row["id"]): row["status"] for row in seen.tables["notifications"]["deliveries"]}
    for delivery, former in remade.formers.items():
        if delivery in mailed and former in mailed:
            what = f"the mail of delivery {former} was sent again as that of {delivery}, after the restore"
            yield Finding("doubled", what)
        elif status[delivery] == "delivered" and not {delivery, former} & set(mailed):
            yield Finding("lost", f"delivery {delivery} counts as made, and neither its mail came nor that of {former}")
