"""The rows of a queue: of each referral what a desk chooses by."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.portal import texts
from services.portal.pages.desk.queues import OPEN
from services.portal.pages.json_objects import JSON
from services.portal.pages.referrals.deadlines import time_left


@dataclass(frozen=True)
class Reader:
    """Who reads the rows: when, in which language, and with whom as colleagues."""

    member_id: str
    colleagues: Mapping[str, str]
    language: str
    now: datetime

    def caretaker(self, member_id: str | None) -> str | None:
        """Who looks after a referral, in words; None for nobody in particular."""
        if member_id is None:
            return None
        if member_id == self.member_id:
            return texts.text("desk.assigned.me", self.language)
        return self.colleagues.get(member_id) or texts.text("desk.assigned.colleague", self.language)


def rows_of(referrals: Sequence[JSON], reader: Reader, chosen: Collection[str]) -> list[JSON]:
    """The rows of the component `work_table`; `chosen` are the ids that stay ticked, or that get ticked."""
    return [_row(each, reader, chosen) for each in referrals]


def _row(referral: JSON, reader: Reader, chosen: Collection[str]) -> JSON:
    language = reader.language
    service, answerable = referral["service"]["name"], referral["status"] == "requested"
    return {
        "row_id": f"row-{referral['id']}",
        "id": referral["id"],
        "href": f"/referrals/{referral['id']}",
        "reference": referral["reference"],
        "etag": f'"{referral["version"]}"',
        "chosen_value": f"{referral['id']}:{referral['version']}",
        "selected": answerable and referral["id"] in chosen,
        "answerable": answerable,
        "service": texts.name(service, language) if service else referral["reference"],
        "language": texts.language_name(referral["language"], language),
        "urgent": referral["urgency"] == "urgent",
        "unseen": referral["first_viewed_at"] is None,
        "unread": referral["unread_messages"],
        "sender": texts.name(referral["source_organization"]["name"], language),
        "sent_at": referral["sent_at"],
        "status": referral["status"],
        "business_status": referral["business_status"],
        "left": time_left(referral, reader.now, language),
        "can_take": referral["assigned_member_id"] is None and referral["status"] in OPEN,
        "caretaker": reader.caretaker(referral["assigned_member_id"]),
    }
