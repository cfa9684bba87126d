"""A referral as HL7 FHIR R4: what one side sees of it, turned into plain resources. No I/O.

Nothing is added here to what the side's own view holds, so disclosure is staged in one place only. What each field
says, and where it differs from Gravity's SDOH Clinical Care, is in docs/fhir.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.referral.fhir.consent import consent
from services.referral.fhir.parts import Json, identifier, in_languages, instant, meta, present, request_id
from services.referral.fhir.service_request import service_request
from services.referral.fhir.task import task
from services.referral.schemas.parts import Named
from services.referral.schemas.referrals import ReferralView
from shared.values.characters import holdable

MEDIA_TYPE: Final = "application/fhir+json"


@dataclass(frozen=True)
class Known:
    """What is known of an organisation beyond its name."""

    slug: str
    active: bool


@dataclass(frozen=True)
class Beside:
    """What a bundle tells beyond the side's view.

    `organizations` are those of the two sides, by id. `parent_id` is the referral that this one forwards, where the
    side may know it. `ended_by_source`: whether the source, or the client through it, took the request back.
    """

    organizations: Mapping[UUID, Known]
    parent_id: UUID | None = None
    ended_by_source: bool = False


def bundle(seen: ReferralView, beside: Beside) -> Json:
    """A Bundle (type collection) of ServiceRequest, Task, both Organizations, and the Consent if there is one.

    The client is a reference only.
    """
    rests_on = consent(seen)
    resources = [
        service_request(
            seen, beside.parent_id, ended_by_source=beside.ended_by_source, on_consent=rests_on is not None
        ),
        task(seen, beside.parent_id),
        *(
            _organization(each, beside.organizations.get(each.id))
            for each in (seen.source_organization, seen.target_organization)
        ),
        *([rests_on] if rests_on else []),
    ]
    whole = {
        "resourceType": "Bundle",
        "meta": meta(seen),
        "identifier": identifier(seen),
        "type": "collection",
        "timestamp": instant(seen.updated_at),
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }
    return {field: _holdable(value) for field, value in whole.items()}


def _holdable(value: Any) -> Any:
    """The same with no character that FHIR cannot hold: texts of older versions may have some."""
    if isinstance(value, str):
        return holdable(value)
    if isinstance(value, dict):
        return {field: _holdable(item) for field, item in value.items()}
    return [_holdable(item) for item in value] if isinstance(value, list) else value


def _organization(named: Named, known: Known | None) -> Json:
    slug = [{"system": "urn:luotsi:organization", "value": known.slug}] if known else None
    name = in_languages("name", named.name) if named.name else {}
    active = known.active if known else None
    return present(resourceType="Organization", id=str(named.id), identifier=slug, active=active, **name)


__all__ = ["MEDIA_TYPE", "Beside", "Known", "bundle", "request_id"]
