"""Mail that was given up: only what the mail server never took, after as many tries as are due, and told of."""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from tests.faults.checks.expectations import DELIVERY_FAILED, Finding
from tests.faults.checks.repeats import Disturbed, between
from tests.faults.checks.snapshot import Event, Snapshot
from tests.faults.mail import ChoosyMailServer, is_put_off, is_refused

TRIES: Final = 8
"""How often a mail is tried that is never refused for good."""


def check_given_up(seen: Snapshot, mail: ChoosyMailServer, elsewhere: Collection[str]) -> Iterator[Finding]:
    """What the server refused for good, or put off at each try, was given up; and nothing else was.

    The mail of deliveries `elsewhere` may have got there another way: into a file, or before a restore.
    """
    addresses = {row["id"]: row["email"] for row in seen.tables["catalog"]["members"]}
    notices = {row["id"]: row for row in seen.tables["notifications"]["notices"]}
    for row in seen.tables["notifications"]["deliveries"]:
        delivery, notice = str(row["id"]), notices.get(row["notice_id"])
        if row["channel"] != "email" or notice is None or row["status"] == "withdrawn":
            continue
        unknown = addresses.get(notice["recipient_member_id"]) == mail.unknown
        refused = unknown or is_refused(row["id"])
        if row["status"] != "exhausted":
            if (refused or is_put_off(row["id"])) and delivery not in elsewhere:
                yield Finding("wrong", f"delivery {delivery} is {row['status']}, and its mail was never taken")
        elif not (refused or is_put_off(row["id"])):
            yield Finding("lost", f"delivery {delivery} was given up, and no mail server refused it")
        elif not refused and row["attempts"] < TRIES:
            yield Finding("lost", f"delivery {delivery} was given up after {row['attempts']} tries of {TRIES}")


def refused_again(mail: ChoosyMailServer, disturbed: Disturbed) -> Iterator[Finding]:
    """Mails that were tried again after they had been refused for good, though nothing had happened to their worker."""
    for delivery, moments in mail.refused.items():
        for first, then in pairwise(moments):
            if not between(disturbed, first, then, "notifications-worker"):
                what = (
                    f"the mail of delivery {delivery} was refused for good and tried again after {then - first:.1f} s"
                )
                yield Finding("doubled", f"{what}, and nothing explains it")


def failures_told(seen: Snapshot) -> list[Event]:
    """The events that tell of mail that was given up."""
    return [event for event in seen.logs["notifications"] if event.type == DELIVERY_FAILED]


def unreached(seen: Snapshot) -> dict[UUID, str]:
    """Event of a failure → the member whom the mail did not reach: that member is told in the inbox alone."""
    return {event.id: str(event.data["member_id"]) for event in failures_told(seen)}


def who_hears_of(event: Event, cause: Event | None, desk: set[str], coordinators: set[str]) -> set[str]:
    """Who is to hear that mail was given up: the desk and the coordinators.

    `cause` is the event of a referral that the mail told of. Nobody hears that mail about mail was given up, and the
    desk nothing of mail to a coordinator, or to who began a chain.
    """
    if cause is None:
        return set()
    referral: Mapping[str, Any] = cause.data.get("referral", cause.data)
    to_coordinator = str(event.data["member_id"]) in coordinators - desk
    to_the_first = event.data["organization_id"] == referral["first_source_organization_id"]
    return coordinators | (set() if to_coordinator or (to_the_first and referral["parent_id"]) else desk)
