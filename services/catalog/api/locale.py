"""Which language an answer is in."""

from typing import Annotated

from fastapi import Depends, Header, Response

from services.catalog.domain.texts import choose_language
from shared.events.catalog import Language


def answer_language(
    response: Response,
    accept_language: Annotated[
        str | None, Header(description="fi, sv or en, with quality values; Finnish by default")
    ] = None,
) -> Language:
    """The language that the caller asks for; says so in the answer."""
    language = choose_language(accept_language)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return language


LanguageOf = Annotated[Language, Depends(answer_language)]
