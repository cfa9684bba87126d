"""The seals of the disclosure log: a digest of each day's rows, chained by HMAC, so that a change shows.

RFC 2104 (HMAC) with SHA-256. Whoever can write to the database but does not have the key can change rows, and can make
no seal that fits them; a seal that is taken away leaves a gap, or an end that an earlier seal shows to be too early.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from shared.clock import KUOPIO

MARGIN: Final = timedelta(minutes=15)
"""How long after midnight a day is sealed: far longer than any request that noted a time before it may last."""

FIRST: Final = bytes(32)
"""What the first seal has in the place of one before it."""


@dataclass(frozen=True)
class Digest:
    """What a seal says of one day's rows: how many, the first and last id, and a hash over all of them."""

    count: int
    first_id: UUID | None
    last_id: UUID | None
    digest: bytes


def seal(key: bytes, day: date, content: Digest, previous: bytes, sealed_at: datetime) -> bytes:
    """The seal (32 bytes) of a day, given that of the day before."""
    said = {
        "day": day,
        "count": content.count,
        "first_id": content.first_id,
        "last_id": content.last_id,
        "digest": content.digest.hex(),
        "previous": previous.hex(),
        "sealed_at": sealed_at,
    }
    return hmac.digest(key, b"luotsi day\n" + _canonical(said), "sha256")


def cut_seal(key: bytes, until: date, rows: int, newest: bytes, cut_at: datetime) -> bytes:
    """What vouches for it that the rows of all days up to `until` were removed on purpose."""
    said = {"until": until, "rows": rows, "newest": newest.hex(), "cut_at": cut_at}
    return hmac.digest(key, b"luotsi cut\n" + _canonical(said), "sha256")


def newest_finished_day(now: datetime) -> date:
    """The newest day in Kuopio that is safely over."""
    return (now - MARGIN).astimezone(KUOPIO).date() - timedelta(days=1)


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a day in Kuopio begins and when the next one does; 23 or 25 hours apart when the clocks change."""
    return datetime.combine(day, time(), KUOPIO), datetime.combine(day + timedelta(days=1), time(), KUOPIO)


def days(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included; none when they are the wrong way round."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _canonical(row: Mapping[str, Any]) -> bytes:
    plain = {name: _plain(value) for name, value in row.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID | date) else value
