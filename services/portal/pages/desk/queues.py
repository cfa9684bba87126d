"""The queues of a desk, and how an address of the page says which of them is shown, in what order and from where on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query

PATH: Final = "/desk"
ROWS: Final = 25

OPEN: Final = ("requested", "accepted", "in-progress", "on-hold")
_ENDS: Final = ("rejected", "completed", "failed", "cancelled", "entered-in-error")
QUEUES: Final[Mapping[str, Mapping[str, Any]]] = {
    "new": {"status": ("requested",)},
    "overdue": {"due": "overdue"},
    "due_soon": {"due": "soon"},
    "mine": {"status": OPEN, "assigned": "me"},
    "unassigned": {"status": OPEN, "assigned": "none"},
    "in_progress": {"status": ("accepted", "in-progress")},
    "on_hold": {"status": ("on-hold",)},
    "unread_messages": {"unread_messages": True},
    "ended": {"status": _ENDS},
}
"""Queue → what the list of the referral service is narrowed to: the same as its counts say of the queue's list"""
GROUPS: Final = {"answer": ("new", "overdue", "due_soon"), "work": tuple(QUEUES)[3:]}
URGENT: Final = frozenset({"overdue", "due_soon", "unread_messages"})
"""Queues whose number stands out"""
SORTS: Final = ("respond_by", "sent_at", "-sent_at", "-updated_at")
_BY_LAST_CHANGE: Final = frozenset({"in_progress", "on_hold", "unread_messages", "ended"})


@dataclass(frozen=True)
class Wanted:
    """What the page of queues shows: a queue, or what has a reference; in an order, and after a row."""

    queue: str = "new"
    sort: str = "respond_by"
    after: str = ""
    reference: str = ""
    unknown: tuple[str, ...] = ()
    """The queue and the order that were asked for where there are none of these names"""

    @property
    def waits(self) -> bool:
        """Whether all that is shown waits for an answer."""
        return self.queue in GROUPS["answer"] and not self.reference

    def api_query(self) -> dict[str, Any]:
        """The query of `GET /referrals`."""
        narrowed = {"reference": self.reference} if self.reference else QUEUES[self.queue]
        return {"box": "received", **narrowed, "sort": self.sort, "after": self.after, "limit": ROWS}

    def address(self, path: str = PATH, **changes: str) -> str:
        """This page with something changed; what follows from the queue by itself is left out."""
        queue = changes.pop("queue", self.queue)
        usual = default_sort(queue)
        sort = changes.pop("sort", usual if queue != self.queue else self.sort)
        after = changes.pop("after", "")
        given = {"queue": queue, "sort": "" if sort == usual else sort, "after": after, **changes}
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"

    def here(self, path: str = PATH, **more: str) -> str:
        """The address of just this page."""
        return self.address(path, after=self.after, reference=self.reference, **more)


def default_sort(queue: str) -> str:
    """The order in which a queue is worked off."""
    return "-updated_at" if queue in _BY_LAST_CHANGE else "respond_by"


async def wanted(
    queue: Annotated[str, Query()] = "new",
    sort: Annotated[str, Query()] = "",
    after: Annotated[str, Query(max_length=100)] = "",
    reference: Annotated[str, Query(max_length=100)] = "",
) -> Wanted:
    """What the address asks for; the queue of new ones where it names none that there is."""
    known = queue if queue in QUEUES else "new"
    order = sort if sort in SORTS else default_sort(known)
    unknown = tuple(given for given, taken in ((queue, known), (sort, order)) if given and given != taken)
    return Wanted(known, order, after, reference.strip(), unknown)


def numbers_of(counts: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, bool]]:
    """Queue → how many are in it, and whether there are more than that."""
    return {each["queue"]: (each["count"], each["more"]) for each in counts if each["box"] == "received"}
