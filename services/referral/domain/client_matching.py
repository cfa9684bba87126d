"""When two clients of an organisation may be one, and what then speaks against another referral. Pure rules."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final, Literal

from services.referral.domain.identifiers import FIELDS
from services.referral.domain.lifecycle import OPEN, Status

TELLING: Final = frozenset({"email", "phone", "business_id"})
"""What two clients hardly share by chance. A name alone makes nobody the same: many people have the same one."""

REFUSAL_COUNTS: Final = timedelta(days=90)
"""How long a refusal speaks against asking the same service again; days are days in Kuopio."""

DuplicateKind = Literal["open", "refused"]
MatchedBy = Literal["client", "name", "email", "phone", "business_id"]
"""What two clients have in common: they are the same by id, or agree in one of `identifiers.FIELDS`."""


def agreeing(sought: Mapping[str, Collection[bytes]], kept: Mapping[str, bytes]) -> list[str]:
    """Which of `identifiers.FIELDS` two clients have in common, given as keyed hashes; none unless one is telling."""
    common = [field for field in FIELDS if kept.get(field) in sought.get(field, ())]
    return common if TELLING.intersection(common) else []


def speaks_against(status: Status, declined_on: date | None, today: date) -> DuplicateKind | None:
    """Why an earlier referral to the same service speaks against another: it is open, or was refused of late.

    A draft counts as open: somebody is about to send it.
    """
    if status in OPEN:
        return "open"
    if status is Status.REJECTED and declined_on is not None and declined_on >= today - REFUSAL_COUNTS:
        return "refused"
    return None
