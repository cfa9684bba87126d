"""Facts of the catalogue, copied from its events."""

from services.notifications.tables.base import Base
from shared.consuming.catalog_copy import MemberCopy, OrganizationCopy, ServiceCopy


class Organization(OrganizationCopy, Base, table=True):
    """An organisation, copied from the catalogue."""


class Service(ServiceCopy, Base, table=True):
    """A service, copied from the catalogue."""


class Member(MemberCopy, Base, table=True):
    """A member of staff, copied from the catalogue."""
