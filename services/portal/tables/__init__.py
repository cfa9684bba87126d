"""The tables of the portal: its copies of the catalogue, and what people sign in with."""

from services.portal.tables.base import Base
from services.portal.tables.copies import Member, Organization
from services.portal.tables.people import Attempt, Authenticator, Count, Passkey, Person, RecoveryCode
from services.portal.tables.providers import LinkedIdentity, Provider
from services.portal.tables.sessions import KeptForm, Session

__all__ = [
    "Attempt",
    "Authenticator",
    "Base",
    "Count",
    "KeptForm",
    "LinkedIdentity",
    "Member",
    "Organization",
    "Passkey",
    "Person",
    "Provider",
    "RecoveryCode",
    "Session",
]
