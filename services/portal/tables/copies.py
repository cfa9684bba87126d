"""Facts of the catalogue that signing in needs, copied from its events."""

from services.portal.tables.base import Base
from shared.consuming.catalog_copy import MemberCopy, OrganizationNameCopy


class Organization(OrganizationNameCopy, Base, table=True):
    """An organisation, copied from the catalogue."""


class Member(MemberCopy, Base, table=True):
    """A member of staff, copied from the catalogue."""
