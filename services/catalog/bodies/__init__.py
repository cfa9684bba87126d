"""What callers send: new things and changes. A field that a change leaves out stays as it is."""

from services.catalog.bodies.members import MemberChange, NewMember
from services.catalog.bodies.organizations import Closures, Locations, NewOrganization, OrganizationChange
from services.catalog.bodies.parts import Description, Name
from services.catalog.bodies.services import Capacity, NewService, ServiceChange

__all__ = [
    "Capacity",
    "Closures",
    "Description",
    "Locations",
    "MemberChange",
    "Name",
    "NewMember",
    "NewOrganization",
    "NewService",
    "OrganizationChange",
    "ServiceChange",
]
