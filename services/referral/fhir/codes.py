"""The code systems of the FHIR bundle, and what our codes are in them."""

from collections.abc import Mapping
from typing import Final

from services.referral.domain.lifecycle import Outcome, Reason, Status

TASK_CODES: Final = "http://hl7.org/fhir/CodeSystem/task-code"
GRAVITY_CODES: Final = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
TRANSLATION: Final = "http://hl7.org/fhir/StructureDefinition/translation"

REQUEST_STATUS: Final[Mapping[Status, str]] = {
    Status.DRAFT: "draft",
    Status.REQUESTED: "active",
    Status.ACCEPTED: "active",
    Status.IN_PROGRESS: "active",
    Status.ON_HOLD: "active",
    Status.COMPLETED: "completed",
    Status.REJECTED: "active",
    Status.FAILED: "active",
    Status.CANCELLED: "active",
    Status.ENTERED_IN_ERROR: "entered-in-error",
}
"""Task.status → ServiceRequest.status, as long as the source has said nothing else of its request.

It is the source's word. A target that waits, declines, fails or cancels ends its own work; the request stands.
"""

CAN_BE_REVOKED: Final = (Status.REJECTED, Status.FAILED, Status.CANCELLED)
"""Ends that leave the request standing, until the source takes it back."""

REASONS: Final[Mapping[Reason, str]] = {
    Reason.NO_CAPACITY: "No room for another client",
    Reason.NOT_ELIGIBLE: "The service is not meant for this client",
    Reason.OUTSIDE_AREA: "The client lives outside the area served",
    Reason.MISSING_INFORMATION: "Too little is known to decide or to go on",
    Reason.LACK_OF_RESOURCES: "Staff, money or premises are lacking",
    Reason.COULD_NOT_CONTACT: "The client was not reached",
    Reason.CLIENT_NOT_INTERESTED: "The client does not want it",
    Reason.CONSENT_WITHDRAWN: "The client took the consent back",
    Reason.OTHER: "Another reason",
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.SERVICES_RECEIVED: "The client got the service",
    Outcome.ENROLLED: "The client was enrolled",
    Outcome.WAITLISTED: "The client is on a waiting list",
    Outcome.NOT_ENROLLED: "The client was not enrolled",
    Outcome.REFERRED_ELSEWHERE: "The client was shown to another service",
    Outcome.NO_SHOW: "The client did not come",
    Outcome.NEEDS_NOT_MET: "The client came, and the need remains",
}

ENROLLMENT: Final[Mapping[str, tuple[str, str]]] = {
    Outcome.ENROLLED: ("enrolled", "Enrolled"),
    Outcome.NOT_ENROLLED: ("not-enrolled", "Not Enrolled"),
    Outcome.WAITLISTED: ("not-enrolled-on-waitlist", "Not Enrolled - On Waitlist"),
}
"""Our outcomes → the codes and displays of Gravity's value set of enrolment statuses (SDOH Clinical Care 3.0.0)."""

HOW_GIVEN: Final[Mapping[str, str]] = {
    "oral": "Given by word of mouth",
    "written": "Given in writing",
    "electronic": "Given electronically",
}
