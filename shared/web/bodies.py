"""Request bodies, judged after 401, 404 and 403 have been decided, and before 428, 412 and 409.

FastAPI judges a declared body before any dependency runs, so a caller without a token would be told about its JSON.
Here a dependency does, after those that it is declared behind. `whole_bodies.py` has received it before all that.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from shared.personal_identity import WHEN_IT_IS_NONE, contains_code, contains_code_in_telephone
from shared.problems import Problem, field_errors, invalid
from shared.values.characters import has_endless_accents
from shared.web.json_text import parse_json

_SCHEMAS = "x-schemas"
_TELEPHONES = frozenset({"phone", "number"})
"""The names of fields that hold telephone numbers: of a client, and of a service."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_body(model: type[ModelT]) -> Callable[[Request], Awaitable[ModelT]]:
    """A dependency that reads the JSON body as `model`; raises 400, 415 or 422 problems."""

    async def read(request: Request) -> ModelT:
        raw = await request.body()
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json" and (raw or content_type):
            detail = "Send the body as JSON with `Content-Type: application/json`."
            raise Problem(415, "unsupported-media-type", "Not JSON", detail)
        if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Problem(415, "unsupported-media-type", "Compressed", "Send the body without `Content-Encoding`.")
        refuse_unstorable(parse_json(raw))
        try:
            return model.model_validate_json(raw or b"{}")
        except ValidationError as error:
            errors = field_errors(list(error.errors(include_url=False, include_input=False)))
            raise invalid("Correct the fields named under `errors`.", errors) from None

    return read


def body(model: type[BaseModel]) -> Any:
    """`Depends` on the JSON body as `model`: `def endpoint(new: Annotated[NewThing, body(NewThing)])`."""
    return Depends(read_body(model))


def refuse_unstorable(value: object) -> None:
    """Raise 422 where a text holds a personal identity code, a NUL or accents without end.

    It names the field and never the text.
    """
    for place, text in _texts(value):
        is_telephone = place.rpartition(".")[2] in _TELEPHONES
        if contains_code_in_telephone(text) if is_telephone else contains_code(text):
            detail = (
                "A personal identity code (henkilötunnus) was found. Luotsi never stores one: remove it, and use "
                f"the referral's reference to speak of the client. {WHEN_IT_IS_NONE}"
            )
            error = {"field": place, "message": "contains a personal identity code"}
            raise invalid(detail, [error], name="personal-identity-code")
        if "\x00" in text:
            error = {"field": place, "message": "contains a NUL character"}
            raise invalid("Remove the NUL character.", [error])
        if has_endless_accents(text):
            error = {"field": place, "message": "has more accents on one letter than any language writes"}
            raise invalid("Type the text anew, without the accents that pile up on one letter.", [error])


def _texts(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place or "body", value
    elif isinstance(value, dict):
        for name, item in value.items():
            shown = "(name of a field)" if contains_code(name) else name
            yield shown, name
            yield from _texts(item, f"{place}.{shown}" if place else shown)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{place}.{number}" if place else str(number))


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """For a route's `openapi_extra`: the body that `body(model)` reads; see `add_body_schemas`."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = {**schema.pop("$defs", {}), model.__name__: schema}
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
    required = bool(schema.get("required") or schema.get("minProperties"))  # else an empty body will do
    return {"requestBody": {"required": required, "content": content}, _SCHEMAS: schemas}


def add_body_schemas(openapi: dict[str, Any]) -> None:
    """Move the schemas that `request_body` left with each operation into the document's components."""
    components = openapi.setdefault("components", {}).setdefault("schemas", {})
    for path in openapi.get("paths", {}).values():
        for operation in path.values():
            components.update(operation.pop(_SCHEMAS, {}))
