"""What the referral API answers: shapes that hold what one side of a referral may see."""

from services.referral.views.clients import ClientView, FoundClient, FoundClients
from services.referral.views.course import MessagePage, MessagesRead, MessageView, Timeline, TimelineItem, Told
from services.referral.views.overview import Overview, OverviewPage, OverviewReferral, OverviewRow
from services.referral.views.parts import CodedText, Named
from services.referral.views.referrals import (
    ChainLink,
    Link,
    ReferralPage,
    ReferralSummary,
    ReferralView,
    WithdrawalView,
)
from services.referral.views.sending import Answering, BeforeSending, Duplicate, OfferedService

__all__ = [
    "Answering",
    "BeforeSending",
    "ChainLink",
    "ClientView",
    "CodedText",
    "Duplicate",
    "FoundClient",
    "FoundClients",
    "Link",
    "MessagePage",
    "MessageView",
    "MessagesRead",
    "Named",
    "OfferedService",
    "Overview",
    "OverviewPage",
    "OverviewReferral",
    "OverviewRow",
    "ReferralPage",
    "ReferralSummary",
    "ReferralView",
    "Timeline",
    "TimelineItem",
    "Told",
    "WithdrawalView",
]
