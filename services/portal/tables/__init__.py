"""The tables of the portal: its copies of the catalogue, and what people sign in with."""

from services.portal.tables.base import Base
from services.portal.tables.copies import Member, Organization
from services.portal.tables.sessions import KeptForm, Session

__all__ = ["Base", "KeptForm", "Member", "Organization", "Session"]
