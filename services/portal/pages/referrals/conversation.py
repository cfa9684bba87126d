"""The messages of a referral: read, marked as read, written."""

from collections.abc import Sequence

from services.portal import texts
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.timeline import Names


def conversation_of(messages: Sequence[JSON], names: Names) -> list[JSON]:
    """The messages for the component `conversation`, the oldest first."""
    return [_message(each, names) for each in reversed(messages)]


def _message(message: JSON, names: Names) -> JSON:
    own, language = message["side"] == names.own_side, names.language
    text = message["text"]
    return {
        "id": message["id"],
        "who": names.who(message["side"], message["member_id"]),
        "when": texts.moment(message["created_at"], language),
        "iso": message["created_at"],
        "text": text if text is not None else texts.text("referrals.message.closed", language),
        "own": own,
        "new": not own and message["read_at"] is None,
        "read": texts.moment(message["read_at"], language) if own and message["read_at"] else None,
    }


async def mark_read(page: Page, referral: JSON, messages: JSON) -> None:
    """Say that what the page shows of the other side has been read; what a script fetches is not looked at yet."""
    if page.is_looked_at and messages["unread"] and messages["contents"]:
        newest = messages["contents"][0]["id"]
        await page.referral.post("/referrals/{id}/messages/read", {"up_to": newest}, id=referral["id"])
