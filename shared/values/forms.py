"""Forms: texts in requests that are written in one way only, such as a language tag, an address, a number."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from shared.values.characters import without_invisible


@dataclass(frozen=True, eq=False)
class Form:
    """In an annotation it makes a `str` one of this form.

    `read` gives a text as it is kept, or raises ValueError with an example of what to write. `schema` is for the docs.
    """

    read: Callable[[str], str]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), **self.schema}


def matching(pattern: str, what: str, longest: int) -> Form:
    """A text that matches a pattern as a whole; `what` it is, with an example: a person never sees the pattern."""
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        plain = without_invisible(text).strip()
        if len(plain) > longest or not compiled.fullmatch(plain):
            raise ValueError(f"is no {what}")
        return plain

    return Form(read, {"pattern": f"^{pattern}$", "maxLength": longest})


_LANGUAGE: Final = "[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
LanguageTag = Annotated[str, matching(_LANGUAGE, "language tag (BCP 47); give one such as fi, ar or zh-Hant", 12)]
"""A BCP 47 tag of language, script and region: it travels in events, so it must have no room for free text."""

WebAddress = Annotated[
    str,
    matching(
        r"https?://[^\s<>\"\x00-\x1f\x7f-\x9f]+", "web address; give one such as https://www.example.org/page", 500
    ),
]
