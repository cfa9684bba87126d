"""What the resources of a bundle have in common: references, names in three languages, codes with words, instants."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from services.referral.fhir.codes import TRANSLATION
from services.referral.schemas.parts import Named, OutcomeView, ReasonView
from services.referral.schemas.referrals import ReferralView
from shared.events.envelope import Names

Json = dict[str, Any]


def request_id(referral_id: UUID) -> UUID:
    """The id of the ServiceRequest of a referral; its Task has the referral's own."""
    return uuid5(referral_id, "ServiceRequest")


def consent_id(referral_id: UUID) -> UUID:
    """The id of the Consent on which a referral rests."""
    return uuid5(referral_id, "Consent")


def present(**fields: Any) -> Json:
    """The fields that have a value: FHIR knows no null."""
    return {name: value for name, value in fields.items() if value is not None}


def meta(seen: ReferralView) -> Json:
    """The version of the referral, and when it last changed."""
    return {"versionId": str(seen.version), "lastUpdated": instant(seen.updated_at)}


def identifier(seen: ReferralView) -> Json:
    """The reference of the referral."""
    return {"system": "urn:luotsi:reference", "value": seen.reference}


def patient(seen: ReferralView) -> Json:
    """Who it is about, never by name: by id for a side that may know the client, else by the referral's reference."""
    if seen.client is None:
        return {"type": "Patient", "identifier": identifier(seen)}
    return {"reference": f"Patient/{seen.client.id}", "type": "Patient"}


def organization_reference(named: Named) -> Json:
    """An organisation of the bundle."""
    return {"reference": f"urn:uuid:{named.id}", "type": "Organization"}


def parent_request(parent_id: UUID | None) -> list[Json] | None:
    """The ServiceRequest of the referral that this one forwards, which is in another bundle."""
    if parent_id is None:
        return None
    return [{"reference": f"ServiceRequest/{request_id(parent_id)}", "type": "ServiceRequest"}]


def service(named: Named) -> Json:
    """A service of the catalogue, by id and by name."""
    coding = {"system": "urn:luotsi:service", "code": str(named.id)}
    return {"coding": [coding], **(in_languages("text", named.name) if named.name else {})}


def in_languages(field: str, names: Names) -> Json:
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


def coded(given: ReasonView | OutcomeView | None, system: str, words: Mapping[str, str]) -> Json | None:
    """A code with the words that were given and may be read, else with what the code means."""
    if given is None:
        return None
    meaning = words[given.code]
    coding = {"system": f"urn:luotsi:{system}", "code": given.code, "display": meaning}
    return {"coding": [coding], "text": given.text or meaning}


def instant(moment: datetime) -> str:
    """A moment as FHIR's instant, to the millisecond: many systems read no finer one."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def period(start: datetime | None, end: datetime | None) -> Json | None:
    """A time from one moment to another, as far as they are known; None where neither is."""
    return present(start=instant(start) if start else None, end=instant(end) if end else None) or None
