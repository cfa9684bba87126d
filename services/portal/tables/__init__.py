"""The tables of the portal: its copies of the catalogue, and what people sign in with."""

from services.portal.tables.base import Base
from services.portal.tables.copies import Member, Organization

__all__ = ["Base", "Member", "Organization"]
