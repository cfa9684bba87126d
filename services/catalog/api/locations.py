"""Locations in answers (HSDS location), and how to get there."""

from typing import Any
from uuid import uuid5

from services.catalog.api.parts import thing_view, translations
from services.catalog.domain.texts import in_language
from services.catalog.tables import Location


def location_view(row: Location, language: str) -> dict[str, Any]:
    """The location in `language`."""
    address = {
        "id": uuid5(row.id, "address"),
        "address_1": row.address_1,
        "city": row.city,
        "state_province": "",
        "postal_code": row.postal_code,
        "country": "FI",
        "address_type": "physical",
    }
    transportation = row.transportation or {}
    return {
        "id": row.id,
        "location_type": row.location_type,
        "name": in_language(row.name, language),
        "description": in_language(row.description, language) or None,
        "url": row.url,
        "city": row.city,
        "addresses": [address] if row.address_1 and row.city and row.postal_code else [],
        "transportation": in_language(transportation, language) or None,
        "accessibility": [
            thing_view(row.id, "accessibility", each, ("description",), language) for each in row.accessibility or ()
        ],
        "translations": translations(name=row.name, description=row.description, transportation=transportation),
    }
