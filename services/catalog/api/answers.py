"""Rows of the catalogue turned into what callers see, in one language, with all translations beside it."""

from datetime import date
from typing import Any
from uuid import uuid5

from services.catalog.api.attributes import attributes
from services.catalog.api.details import details
from services.catalog.api.locations import location_view
from services.catalog.api.parts import translations
from services.catalog.api.summaries import facts_of, organization_fields, summary_fields
from services.catalog.domain.texts import in_language
from services.catalog.queries.organizations import FoundOrganization
from services.catalog.queries.services import FoundService
from services.catalog.schemas.members import MemberView
from services.catalog.schemas.organizations import OrganizationView
from services.catalog.schemas.services import ServiceView
from services.catalog.tables import Closure, Member, OrganizationAlias, ServiceAlias


def organization_view(found: FoundOrganization, language: str, today: date) -> OrganizationView:
    """The organisation in `language`, on the day `today`."""
    row = found.row
    return OrganizationView.model_validate(
        row.model_dump(exclude={"name", "alternate_name", "description"})
        | {
            "name": in_language(row.name, language),
            "alternate_name": in_language(row.alternate_name, language) or None,
            "description": in_language(row.description, language),
            "closed_today": any(each.starts_on <= today <= each.ends_on for each in found.closures),
            "closures": [_closure(each, language) for each in found.closures],
            "aliases": [_alias(each, language) for each in found.aliases],
            "locations": [location_view(each, language) for each in found.locations],
            "translations": translations(name=row.name, alternate_name=row.alternate_name, description=row.description),
            "last_modified": row.updated_at,
        }
    )


def service_fields(found: FoundService, language: str, today: date) -> dict[str, Any]:
    """The fields of a `ServiceView` in `language`, on the day `today`."""
    row, facts = found.row, found.facts
    fees, interpretation = row.fees_description or {}, row.interpretation_services or {}
    organization = organization_fields(found.organization)
    return {
        **summary_fields(row, organization, found.situation, language),
        **facts_of(facts.facts if facts else None),
        **details(row, language, today),
        "minimum_age": row.minimum_age,
        "maximum_age": row.maximum_age,
        "typical_wait_days": row.typical_wait_days,
        "fees_description": in_language(fees, language) or None,
        "interpretation_services": in_language(interpretation, language) or None,
        "capacities": _counted(found, language),
        "keywords": row.keywords or {},
        "attributes": attributes(row, language),
        "service_at_locations": [
            {"id": link.id, "location": location_view(location, language)} for link, location in found.locations
        ],
        "aliases": [_alias(each, language) for each in found.aliases],
        "translations": translations(
            name=row.name,
            alternate_name=row.alternate_name,
            description=row.description,
            eligibility_description=row.eligibility_description,
            fees_description=fees,
            interpretation_services=interpretation,
        ),
    }


def service_view(found: FoundService, language: str, today: date) -> ServiceView:
    """The service in `language`, on the day `today`."""
    return ServiceView.model_validate(service_fields(found, language, today))


def member_view(row: Member) -> MemberView:
    """The member as it is."""
    return MemberView.model_validate(row.model_dump())


def _alias(row: OrganizationAlias | ServiceAlias, language: str) -> dict[str, Any]:
    return row.model_dump(exclude={"id", "organization_id", "service_id"}) | {
        "name": in_language(row.name, language),
        "translations": translations(name=row.name),
    }


def _closure(row: Closure, language: str) -> dict[str, Any]:
    return {
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "note": in_language(row.note, language) or None,
        "translations": translations(note=row.note),
    }


def _counted(found: FoundService, language: str) -> list[dict[str, Any]]:
    row = found.row
    if row.available is None:
        return []
    unit = {"fi": "paikka", "sv": "plats", "en": "place"}[language]
    return [
        {
            "id": uuid5(row.id, "capacity"),
            "unit": {"id": uuid5(row.id, "place"), "name": unit},
            "available": row.available,
            "updated": row.capacity_updated_at,
        }
    ]
