"""The OpenAPI documents: valid by an outside validator, complete, and with names that stay."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.platform import Platform

SERVICES = ("catalog", "referral", "notifications")

HEALTH = {"checkLiveness", "checkReadiness", "getMetrics"}
OPERATIONS = {
    "catalog": HEALTH
    | {"getHealth"}
    | {"listOrganizations", "getOrganization", "createOrganization", "updateOrganization"}
    | {"replaceClosures", "replaceLocations", "listServices", "getService", "createService", "updateService"}
    | {"listUnfoundWords", "setCapacity", "listMembers", "getMember", "createMember", "updateMember"},
    "referral": HEALTH
    | {"getHealth"}
    | {"createReferral", "listReferrals", "getReferral", "updateReferral", "checkReferral", "answerReferrals"}
    | {"sendReferral", "acceptReferral", "declineReferral", "startReferral", "holdReferral", "resumeReferral"}
    | {"completeReferral", "failReferral", "cancelReferral", "withdrawConsent", "markError", "closeReferral"}
    | {
        "forwardReferral",
        "sendSuggestedReferral",
        "assignReferral",
        "handOverReferrals",
        "previewHandOver",
        "previewWithdrawal",
    }
    | {"getTimeline", "listMessages", "createMessage", "markMessagesRead", "getReferralAsFhir"}
    | {"listLegalBases", "getConsentText", "searchClients", "getClientReport", "countReferrals", "listClientReferrals"}
    | {"getOverview", "getOverviewFigures", "listOverviewReferrals", "getReport"},
    "notifications": HEALTH
    | {"getHealth"}
    | {"listNotices", "getNotice", "markNoticeSeen", "streamNotices", "getPreferences", "setPreferences"}
    | {"listDeliveries", "countNotices", "markNoticesSeen"},
}
"""Names that programs made from the documents go by: a new one is added, and none is changed."""

PUBLIC = HEALTH | {"listOrganizations", "getOrganization", "listServices", "getService"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation of a document with its method."""
    for path in document["paths"].values():
        yield from path.items()


def parameters(operation: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    """The parameters of an operation by name that stand in a `place`, such as `header`."""
    return {each["name"]: each for each in operation.get("parameters", []) if each["in"] == place}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_document_is_valid_openapi(platform: Platform, service: str) -> None:
    document = (await platform.client(service).get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1.")
    validate(document)


@pytest.mark.parametrize("service", SERVICES)
async def test_operations_have_the_names_that_programs_go_by(platform: Platform, service: str) -> None:
    found = [operation["operationId"] for _, operation in operations(platform.apps[service].openapi())]
    assert sorted(found) == sorted(OPERATIONS[service]), "a name is added, never changed"
    assert [name for name in found if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)] == []


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_public_says_so(platform: Platform, service: str) -> None:
    for _, operation in operations(platform.apps[service].openapi()):
        public = operation["operationId"] in PUBLIC
        assert operation["security"] == ([] if public else [{"HTTPBearer": []}]), operation["operationId"]


@pytest.mark.parametrize("service", SERVICES)
async def test_errors_and_headers_are_declared(platform: Platform, service: str) -> None:
    for method, operation in operations(platform.apps[service].openapi()):
        responses, name = dict(operation["responses"]), operation["operationId"]
        expected = {"422", "429", "500", "default"}
        expected |= {"304"} if method == "get" else {"409"}
        expected |= {"401", "403"} if operation["security"] else set()
        expected |= {"404"} if parameters(operation, "path") else set()
        expected |= {"400", "413", "415"} if "requestBody" in operation else set()
        expected |= {"412", "428"} if "If-Match" in parameters(operation, "header") else set()
        assert expected <= set(responses), name
        if name == "checkReadiness":
            del responses["503"]  # which is no problem of its own: it says what is away
        for status, answer in responses.items():
            if status == "default" or int(status) >= 400:
                problem = answer["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/ProblemDetails"}, (name, status)
        if "401" in responses:
            assert "WWW-Authenticate" in responses["401"]["headers"]
        for status in {"429", "503"} & set(responses):
            assert "Retry-After" in responses[status]["headers"]
        if method == "get":
            assert "If-None-Match" in parameters(operation, "header")
            assert "ETag" in responses["200"]["headers"]
        if "201" in responses and name != "createMessage":
            assert {"Location", "ETag"} <= set(responses["201"]["headers"])


async def test_the_stream_is_described_as_openapi_3_1_can(platform: Platform) -> None:
    document = platform.apps["notifications"].openapi()
    stream = document["paths"]["/notices/stream"]["get"]
    assert "itemSchema" not in str(document)
    assert stream["responses"]["200"]["content"]["text/event-stream"]["schema"]["type"] == "string"
    assert "Last-Event-Id" in parameters(stream, "header")


CODES = [
    ("referral", "ReferralView", "status", "entered-in-error"),
    ("referral", "ReferralView", "urgency", "urgent"),
    ("referral", "ReferralView", "side", "target"),
    ("referral", "ReferralView", "commands", "accept"),
    ("referral", "ReferralView", "attention", "not_closed"),
    ("referral", "ReferralView", "business_status", "expired"),
    ("referral", "ReasonView", "code", "no_capacity"),
    ("referral", "OutcomeView", "code", "services_received"),
    ("referral", "ClientView", "kind", "company"),
    ("referral", "ClientView", "contact_via", "adviser"),
    ("referral", "WithdrawalView", "told_by", "representative"),
    ("referral", "Duplicate", "matched_by", "phone"),
    ("referral", "Answering", "capacity", "waitlist"),
    ("referral", "ChainLink", "reason_code", "other"),
    ("referral", "TimelineItem", "status", "draft"),
    ("referral", "MessageView", "side", "source"),
    ("referral", "OverviewReferral", "outcome_code", "no_show"),
    ("referral", "PeriodView", "kind", "quarter"),
    ("catalog", "MemberView", "roles", "coordinator"),
    ("catalog", "MemberView", "language", "sv"),
    ("catalog", "ServiceView", "status", "temporarily closed"),
    ("catalog", "ServiceView", "not_accepting_because", "no_desk"),
    ("catalog", "ServiceView", "target_groups", "newcomers"),
    ("catalog", "CapacityView", "status", "no-capacity"),
    ("catalog", "OrganizationView", "organization_type", "municipality"),
    ("catalog", "NewService", "target_groups", "newcomers"),
    ("notifications", "NoticeView", "status", "requested"),
    ("notifications", "PreferenceView", "account_language", "fi"),
]


@pytest.mark.parametrize(("service", "schema", "field", "code"), CODES)
async def test_codes_are_enums(platform: Platform, service: str, schema: str, field: str, code: str) -> None:
    schemas = platform.apps[service].openapi()["components"]["schemas"]
    schemas = schemas | {"Answering": schemas.get("BeforeSending")}
    assert code in _codes(schemas, schemas[schema]["properties"][field])


def _codes(schemas: dict[str, Any], schema: dict[str, Any]) -> list[Any]:
    """The codes that a schema lists: its own, of what it refers to, of its choices and of the items of a list."""
    named = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else {}
    parts = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else []), *([named] if named else [])]
    constant = [schema["const"]] if "const" in schema else []
    return [*schema.get("enum", []), *constant, *(code for part in parts for code in _codes(schemas, part))]


async def test_a_legal_basis_says_by_its_kind_what_is_in_it(platform: Platform) -> None:
    schemas = platform.apps["referral"].openapi()["components"]["schemas"]
    choices = next(each for each in schemas["ReferralView"]["properties"]["legal_basis"]["anyOf"] if "oneOf" in each)
    assert choices["discriminator"]["propertyName"] == "kind"
    assert set(choices["discriminator"]["mapping"]) == {"consent", "statute"}
    assert set(schemas["StatuteBasisView"]["required"]) == {"kind", "statute", "recorded_at"}
