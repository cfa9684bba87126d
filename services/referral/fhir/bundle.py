"""A referral as HL7 FHIR R4: what one side sees of it, turned into plain resources. No I/O.

Nothing is added here to what the side's own view holds, so disclosure is staged in one place only. What each field
says, and where it differs from Gravity's SDOH Clinical Care, is in docs/fhir.md.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from services.referral.domain.lifecycle import Status
from services.referral.fhir.codes import GRAVITY_CODES, OUTCOMES, REASONS, REQUEST_STATUS, TASK_CODES, TRANSLATION
from services.referral.schemas.parts import Named, OutcomeView, ReasonView
from services.referral.schemas.referrals import ReferralView
from shared.events.envelope import Names

Json = dict[str, Any]

MEDIA_TYPE: Final = "application/fhir+json"


def bundle(seen: ReferralView, slugs: Mapping[UUID, str], parent_id: UUID | None = None) -> Json:
    """A Bundle (type collection) of ServiceRequest, Task and both Organizations; the client is a reference only.

    `slugs`: organisation id → slug. `parent_id`: the referral that this one forwards, where the side may know it.
    """
    organizations = (seen.source_organization, seen.target_organization)
    resources = [
        _service_request(seen, parent_id),
        _task(seen, parent_id),
        *(_organization(each, slugs.get(each.id)) for each in organizations),
    ]
    return {
        "resourceType": "Bundle",
        "meta": _meta(seen),
        "identifier": _identifier(seen),
        "type": "collection",
        "timestamp": _at(seen.updated_at),
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }


def request_id(referral_id: UUID) -> UUID:
    """The id of the ServiceRequest of a referral; its Task has the referral's own."""
    return uuid5(referral_id, "ServiceRequest")


def _service_request(seen: ReferralView, parent_id: UUID | None) -> Json:
    return _present(
        resourceType="ServiceRequest",
        id=str(request_id(seen.id)),
        meta=_meta(seen),
        identifier=[_identifier(seen)],
        basedOn=_parent_request(parent_id),
        status=REQUEST_STATUS[Status(seen.status)],
        intent="order",
        priority=seen.urgency,
        code=_service(seen.service),
        orderDetail=_contact(seen),
        subject=_patient(seen),
        authoredOn=_at(seen.sent_at or seen.created_at),
        requester=_organization_reference(seen.source_organization),
        performer=[_organization_reference(seen.target_organization)],
        reasonCode=[{"text": seen.reason}] if seen.reason else None,
        note=[{"text": seen.shareable_note}] if seen.shareable_note else None,
    )


def _task(seen: ReferralView, parent_id: UUID | None) -> Json:
    return _present(
        resourceType="Task",
        id=str(seen.id),
        meta=_meta(seen),
        identifier=[_identifier(seen)],
        basedOn=_parent_request(parent_id),
        partOf=[{"reference": f"Task/{parent_id}", "type": "Task"}] if parent_id else None,
        status=seen.status,
        statusReason=_coded(seen.status_reason, "reason", {str(code): words for code, words in REASONS.items()}),
        businessStatus=_business_status(seen),
        intent="order",
        priority=seen.urgency,
        code={"coding": [{"system": TASK_CODES, "code": "fulfill"}]},
        focus={"reference": f"urn:uuid:{request_id(seen.id)}", "type": "ServiceRequest"},
        **{"for": _patient(seen)},
        authoredOn=_at(seen.sent_at or seen.created_at),
        lastModified=_at(seen.updated_at),
        requester=_organization_reference(seen.source_organization),
        owner=_organization_reference(seen.target_organization),
        input=[_language(seen)],
        output=_outputs(seen) or None,
    )


def _organization(named: Named, slug: str | None) -> Json:
    identifier = [{"system": "urn:luotsi:organization", "value": slug}] if slug else None
    name = _in_languages("name", named.name) if named.name else {}
    return _present(resourceType="Organization", id=str(named.id), identifier=identifier, **name)


def _present(**fields: Any) -> Json:
    """The fields that have a value: FHIR knows no null."""
    return {name: value for name, value in fields.items() if value is not None}


def _meta(seen: ReferralView) -> Json:
    return {"versionId": str(seen.version), "lastUpdated": _at(seen.updated_at)}


def _identifier(seen: ReferralView) -> Json:
    return {"system": "urn:luotsi:reference", "value": seen.reference}


def _patient(seen: ReferralView) -> Json:
    """Who it is about, never by name: by id for a side that may know the client, else by the referral's reference."""
    if seen.client is None:
        return {"type": "Patient", "identifier": _identifier(seen)}
    return {"reference": f"Patient/{seen.client.id}", "type": "Patient"}


def _organization_reference(named: Named) -> Json:
    return {"reference": f"urn:uuid:{named.id}", "type": "Organization"}


def _parent_request(parent_id: UUID | None) -> list[Json] | None:
    if parent_id is None:
        return None
    return [{"reference": f"ServiceRequest/{request_id(parent_id)}", "type": "ServiceRequest"}]


def _service(named: Named) -> Json:
    coding = {"system": "urn:luotsi:service", "code": str(named.id)}
    return {"coding": [coding], **(_in_languages("text", named.name) if named.name else {})}


def _in_languages(field: str, names: Names) -> Json:
    """A text in Finnish, with its translations in FHIR's own extension for them."""
    others = [
        {
            "url": TRANSLATION,
            "extension": [
                {"url": "lang", "valueCode": language},
                {"url": "content", "valueString": names.in_language(language)},
            ],
        }
        for language in ("sv", "en")
    ]
    return {field: names.fi, f"_{field}": {"extension": others}}


def _coded(coded: ReasonView | OutcomeView | None, system: str, words: Mapping[str, str]) -> Json | None:
    """A code with the words that were given and may be read, else with what the code means."""
    if coded is None:
        return None
    meaning = words[coded.code]
    coding = {"system": f"urn:luotsi:{system}", "code": coded.code, "display": meaning}
    return {"coding": [coding], "text": coded.text or meaning}


def _business_status(seen: ReferralView) -> Json | None:
    """What Task.status can't say: that no answer came, the loop is closed, or the target has looked."""
    code: str
    if seen.business_status is not None:
        seen_since = ", and the source has seen it" if seen.closed_at is not None else ""
        code, words = seen.business_status, f"Nobody answered in time{seen_since}"
    elif seen.closed_at is not None:
        code, words = "closed", "The source has seen the end"
    elif seen.status == Status.REQUESTED and seen.first_viewed_at is not None:
        code, words = "viewed", "The target has opened it and not answered"
    else:
        return None
    return {"coding": [{"system": "urn:luotsi:business-status", "code": code}], "text": words}


def _contact(seen: ReferralView) -> list[Json] | None:
    """Gravity's flag for a client who must not be contacted directly."""
    if seen.client is None or seen.client.contact_via != "adviser":
        return None
    coding = {"system": GRAVITY_CODES, "code": "contacting-subject-prohibited"}
    return [{"coding": [coding], "text": "Contact through the adviser"}]


def _language(seen: ReferralView) -> Json:
    value = {"coding": [{"system": "urn:ietf:bcp:47", "code": seen.language}]}
    return {"type": _parameter("language", "Language of the client"), "valueCodeableConcept": value}


def _outputs(seen: ReferralView) -> list[Json]:
    found = []
    if outcome := _coded(seen.outcome, "outcome", {str(code): words for code, words in OUTCOMES.items()}):
        found.append({"type": _parameter("outcome", "What became of the client"), "valueCodeableConcept": outcome})
    if seen.suggested_service is not None:
        suggested = _service(seen.suggested_service)
        kind = _parameter("suggested-service", "Service that would fit better")
        found.append({"type": kind, "valueCodeableConcept": suggested})
    return found


def _parameter(code: str, words: str) -> Json:
    return {"coding": [{"system": "urn:luotsi:task-parameter", "code": code}], "text": words}


def _at(moment: datetime) -> str:
    return moment.isoformat()
