"""The referral service's tables: its own rows, a file a noun, and its copy of what other services publish."""

from services.referral.tables.base import Base
from services.referral.tables.clients import Client, ClientKey, ClientLookup
from services.referral.tables.copies import Delivery, Member, Organization, Service
from services.referral.tables.disclosures import AuditCut, AuditSeal, Disclosure
from services.referral.tables.published_statistics import PublishedStatistics
from services.referral.tables.referrals import IdempotencyKey, Referral, ReferralRow
from services.referral.tables.retention_runs import FinishedRetention
from services.referral.tables.timeline import Message, TimelineEntry, Timer

__all__ = [
    "AuditCut",
    "AuditSeal",
    "Base",
    "Client",
    "ClientKey",
    "ClientLookup",
    "Delivery",
    "Disclosure",
    "FinishedRetention",
    "IdempotencyKey",
    "Member",
    "Message",
    "Organization",
    "PublishedStatistics",
    "Referral",
    "ReferralRow",
    "Service",
    "TimelineEntry",
    "Timer",
]
