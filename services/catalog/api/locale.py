"""Which language an answer is in, and who may keep it."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlalchemy import Row

from services.catalog.domain.texts import choose_language, languages_shown
from services.catalog.tables import Organization, Service
from shared.events.catalog import Language


async def answer_language(
    request: Request,
    response: Response,
    accept_language: Annotated[
        str | None, Header(description="fi, sv or en, with quality values; Finnish by default")
    ] = None,
) -> Language:
    """The language that the caller asks for; the answer says so, unless `say_languages` knows better.

    What anybody may read, anybody may keep (`no-cache`), and asks for it again by its ETag. An answer to a caller with
    a token is kept by nobody, whatever is said here.
    """
    language = choose_language(accept_language)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language, Authorization"
    if request.method in ("GET", "HEAD"):
        response.headers["Cache-Control"] = "no-cache"
    return language


def say_languages(response: Response, language: Language, rows: Iterable[Organization | Service | Row[Any]]) -> None:
    """Name the languages that the things' own texts are in: where they lack a translation, another one is shown."""
    texts = [
        text
        for row in rows
        for text in (row.name, row.alternate_name, row.description, getattr(row, "eligibility_description", {}))
    ]
    response.headers["Content-Language"] = ", ".join(languages_shown(texts, language))


LanguageOf = Annotated[Language, Depends(answer_language)]
