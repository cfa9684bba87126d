"""One's own notices of a referral: seen with the referral, however one came to it, and not to be counted any more."""

from collections.abc import Collection, Iterable

from services.portal.clients.api import Answer, Away, or_away, side_by_side
from services.portal.pages.page import Page


async def see_with_page(page: Page, deliveries: Answer | Away) -> None:
    """Mark the notices that the page of their referral shows the member; `deliveries` are those of the referral."""
    if isinstance(deliveries, Away) or not page.is_looked_at:
        return
    own = str(page.account.id)
    shown = deliveries["contents"]
    await _see(page, {each["notice_id"] for each in shown if each["member_id"] == own and each["seen_at"] is None})


async def see_with_answer(page: Page, referrals: Collection[str]) -> None:
    """Mark the member's notices of referrals that were answered without opening them."""
    if not referrals:
        return
    unseen = await or_away(page.notifications.get("/notices", {"unseen": True, "limit": 100}))
    if not isinstance(unseen, Away):
        await _see(page, [each["id"] for each in unseen["contents"] if each["referral_id"] in referrals])


async def _see(page: Page, notices: Iterable[str]) -> None:
    await side_by_side(*(page.notifications.post("/notices/{id}/seen", id=each) for each in notices))
