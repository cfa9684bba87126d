"""What the models of answers have in common."""

from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import SkipJsonSchema

T = TypeVar("T")


Maybe: TypeAlias = T | SkipJsonSchema[None]
"""The type of a field of an `Answer` that may be left out, and is never null; its default is `absent()`."""


def absent(description: str | None = None) -> Any:
    """The default of a field that may be left out: its schema says nothing of the null that stands for that here."""
    return Field(default=None, description=description, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Answer(BaseModel):
    """Base of answers that leave out what there is nothing to say of, as HSDS does: their fields are never null."""

    @model_serializer(mode="wrap")
    def _leave_out(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        return {name: value for name, value in serialize(self).items() if value is not None}
