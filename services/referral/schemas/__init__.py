"""What callers send: the bodies of the referral API."""

from services.referral.schemas.clients import ClientSearch, NewClient
from services.referral.schemas.commands import (
    BODIES,
    CommandBody,
    Complete,
    Decline,
    Forward,
    Nothing,
    Send,
    Withdrawal,
    WithdrawConsent,
    WithReason,
)
from services.referral.schemas.parts import LanguageTag, OnDuplicate
from services.referral.schemas.referrals import BeforeSendingRequest, DraftChange, LegalBasis, NewMessage, NewReferral

__all__ = [
    "BODIES",
    "BeforeSendingRequest",
    "ClientSearch",
    "CommandBody",
    "Complete",
    "Decline",
    "DraftChange",
    "Forward",
    "LanguageTag",
    "LegalBasis",
    "NewClient",
    "NewMessage",
    "NewReferral",
    "Nothing",
    "OnDuplicate",
    "Send",
    "WithReason",
    "WithdrawConsent",
    "Withdrawal",
]
