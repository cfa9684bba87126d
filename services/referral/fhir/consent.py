"""The consent on which a referral rests, as a Consent: that this recipient may be told of this client."""

from typing import Final

from services.referral.domain.lifecycle import Status
from services.referral.fhir.codes import HOW_GIVEN
from services.referral.fhir.parts import (
    Json,
    consent_id,
    identifier,
    meta,
    organization_reference,
    patient,
    present,
)
from services.referral.schemas.legal_basis import ConsentBasisView
from services.referral.schemas.referrals import ReferralView

_SCOPE: Final = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"},
    ]
}
_DISCLOSURE: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "IDSCL",
            "display": "information disclosure",
        }
    ]
}
_RECIPIENT: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
            "code": "IRCP",
            "display": "information recipient",
        }
    ]
}
_GDPR: Final = "http://data.europa.eu/eli/reg/2016/679/oj"


def consent(seen: ReferralView) -> Json | None:
    """The Consent, for a side that sees the legal basis; None where the referral rests on none.

    It is `inactive` once it was withdrawn. Its words, which are the client's or the adviser's, stand in `policyRule`.
    """
    if not isinstance(seen.legal_basis, ConsentBasisView):
        return None
    given = seen.legal_basis.consent
    recipient = {"role": _RECIPIENT, "reference": organization_reference(seen.target_organization)}
    return present(
        resourceType="Consent",
        id=str(consent_id(seen.id)),
        meta=meta(seen),
        identifier=[identifier(seen)],
        status=_status(seen),
        scope=_SCOPE,
        category=[_DISCLOSURE, _how(given.how)],
        patient=patient(seen),
        dateTime=given.given_on.isoformat(),
        organization=[organization_reference(seen.source_organization)],
        policy=[{"uri": _GDPR}],
        policyRule={"text": given.scope},
        provision={"type": "permit", "actor": [recipient]},
    )


def _status(seen: ReferralView) -> str:
    if seen.status == Status.ENTERED_IN_ERROR:
        return "entered-in-error"
    return "active" if seen.withdrawal is None else "inactive"


def _how(how: str) -> Json:
    coding = {"system": "urn:luotsi:consent-given", "code": how, "display": HOW_GIVEN[how]}
    return {"coding": [coding], "text": HOW_GIVEN[how]}
