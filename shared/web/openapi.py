"""The description of an API (OpenAPI 3.1): what FastAPI makes of the routes, completed by what it can't know.

Which operations are public, which errors each can answer, and the headers that go in and out.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security import HTTPBearer

from shared import problems
from shared.web.bodies import add_body_schemas
from shared.web.problem_responses import MEDIA_TYPE, PROBLEMS

JSON = dict[str, Any]

_TEXT: Final[JSON] = {"type": "string"}
ETAG: Final[JSON] = {"description": "Of this answer, and of the version in it where it has one", "schema": _TEXT}
LOCATION: Final[JSON] = {
    "description": "Where the created thing is",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}
CONTENT_LANGUAGE: Final[JSON] = {"description": "The languages that the texts are in", "schema": _TEXT}
REPLAYED: Final[JSON] = {
    "description": "The request was made before with this key: this is the answer that it got then",
    "schema": {"type": "string", "enum": ["true"]},
}
_IF_NONE_MATCH: Final[JSON] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": _TEXT,
    "description": "ETags of answers that you have; 304 when one of them would be sent again",
}


def describe(app: FastAPI) -> JSON:
    """The OpenAPI document of an application, made anew."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        license_info={"name": "European Union Public Licence 1.2", "identifier": "EUPL-1.2"},
        routes=app.routes,
        servers=[{"url": app.root_path or "/"}],
    )
    add_body_schemas(document)
    schemas = document["components"]["schemas"]
    schemas["ProblemDetails"] = problems.ProblemDetails.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None and route.include_in_schema:
                _complete(operation, method, route)
    return document


def _complete(operation: JSON, method: str, route: RouteContext) -> None:
    within = list(_all_of(route.dependant))
    protected = any(isinstance(each.call, HTTPBearer) for each in within)
    operation.setdefault("security", [])
    if method == "GET":
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    for parameter in operation.get("parameters", []):
        _say_what_can_be_sent(parameter)
    headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
    responses = operation["responses"]
    responses.pop("422", None)
    success = responses[str(route.status_code or 200)]
    for kind, described in success.get("content", {}).items():
        if "itemSchema" in described:  # which OpenAPI 3.1 does not know
            success["content"][kind] = {"schema": {"type": "string", "description": "Server-sent events"}}
    success["headers"] = success.get("headers", {}) | _headers_of(method, route, headers)
    if method == "GET":
        responses["304"] = {"description": "You have this answer already", "headers": {"ETag": ETAG}}
    for status in _errors_of(operation, method, headers, protected=protected):
        responses.setdefault(str(status), dict(PROBLEMS[status]))
    operation["responses"] = dict(sorted(responses.items()))


def _all_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _all_of(each)


def _say_what_can_be_sent(parameter: JSON) -> None:
    """Headers by their usual names; and no null, which neither an address nor a header can hold."""
    if parameter["in"] == "header":
        parameter["name"] = "-".join(part.capitalize() for part in parameter["name"].split("-"))
    schema = parameter["schema"]
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if "anyOf" in schema and len(choices) == 1:
        parameter["schema"] = {name: each for name, each in schema.items() if name != "anyOf"} | choices[0]


def _headers_of(method: str, route: RouteContext, given: set[str]) -> JSON:
    """The headers of an answer that says that all went well."""
    found: JSON = {}
    has_version = "version" in getattr(route.response_model, "model_fields", {})
    if method == "GET" or has_version:
        found["ETag"] = ETAG
    if "Accept-Language" in given:
        found["Content-Language"] = CONTENT_LANGUAGE
    if "Idempotency-Key" in given:
        found["Idempotency-Replayed"] = REPLAYED
    if route.status_code == 201 and has_version:
        found["Location"] = LOCATION
    return found


def _errors_of(operation: JSON, method: str, headers: set[str], *, protected: bool) -> Iterator[int]:
    """The statuses of the problems that the operation can answer, but those that the route names itself."""
    yield from (422, 500)
    if operation["operationId"] != "checkLiveness":
        yield 503
    if protected:
        yield from (401, 403)
    if any(each["in"] == "path" for each in operation.get("parameters", [])):
        yield 404
    if "requestBody" in operation:
        yield from (400, 408, 413, 415)
    if "Idempotency-Key" in headers:
        yield 400
    if "If-Match" in headers:
        yield from (412, 428)
    if method != "GET" or (protected and any(each["in"] == "path" for each in operation.get("parameters", []))):
        yield 409  # what was read may be about a client who has been erased


__all__ = ["MEDIA_TYPE", "describe"]
