"""The catalogue's tables: its own rows, and its copy of the statistics of services."""

from services.catalog.tables.base import Base, Texts, Words
from services.catalog.tables.catalogue_version import CatalogueVersion
from services.catalog.tables.copies import ServiceFacts
from services.catalog.tables.idempotency import IdempotencyKey
from services.catalog.tables.members import Member
from services.catalog.tables.organizations import Closure, Location, Organization, OrganizationAlias
from services.catalog.tables.search import OrganizationWord, SearchWord, ServiceWord
from services.catalog.tables.services import Service, ServiceAlias, ServiceAtLocation
from services.catalog.tables.unfound_words import UnfoundWord

__all__ = [
    "Base",
    "CatalogueVersion",
    "Closure",
    "IdempotencyKey",
    "Location",
    "Member",
    "Organization",
    "OrganizationAlias",
    "OrganizationWord",
    "SearchWord",
    "Service",
    "ServiceAlias",
    "ServiceAtLocation",
    "ServiceFacts",
    "ServiceWord",
    "Texts",
    "UnfoundWord",
    "Words",
]
