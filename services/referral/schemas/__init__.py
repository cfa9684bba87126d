"""What callers send: the bodies of the referral API."""

from services.referral.schemas.clients import ClientSearch, NewClient
from services.referral.schemas.commands import (
    BODIES,
    CommandBody,
    Complete,
    Decline,
    Forward,
    GivenOutcome,
    GivenReason,
    Nothing,
    Send,
    Withdrawal,
    WithdrawConsent,
    WithReason,
    no_needless_words,
)
from services.referral.schemas.parts import EmailAddress, LanguageTag, Line, OnDuplicate, Text, Urgency
from services.referral.schemas.referrals import (
    BeforeSendingRequest,
    Consent,
    DraftChange,
    LegalBasis,
    NewMessage,
    NewReferral,
)

__all__ = [
    "BODIES",
    "BeforeSendingRequest",
    "ClientSearch",
    "CommandBody",
    "Complete",
    "Consent",
    "Decline",
    "DraftChange",
    "EmailAddress",
    "Forward",
    "GivenOutcome",
    "GivenReason",
    "LanguageTag",
    "LegalBasis",
    "Line",
    "NewClient",
    "NewMessage",
    "NewReferral",
    "Nothing",
    "OnDuplicate",
    "Send",
    "Text",
    "Urgency",
    "WithReason",
    "WithdrawConsent",
    "Withdrawal",
    "no_needless_words",
]
