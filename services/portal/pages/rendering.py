"""Templates, and what all of them may use: words, dates, numbers, addresses of files, hidden fields of forms."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from services.portal import texts
from services.portal.clients.api import Away
from services.portal.pages.forms import Form

_REFERENCE: Final = re.compile(r"\b(KUO-[0-9A-Z]{4}-[0-9A-Z]{2,3})\b")
_INDENT: Final = re.compile(r"(?:\n[ ]*)+(?=<(?!/textarea))")
"""How templates are laid out between tags, which no browser shows: a tenth of a long form"""
TEMPLATES: Final = Path(__file__).parents[1] / "templates"


class Renderer:
    """Makes pages out of templates. A name that a template uses and is not given is an error, never an empty place."""

    def __init__(self, static: Callable[[str], str], *, reload: bool) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=reload,
        )
        self.environment.globals.update(
            static=static, t=_text, tn=_plural, code=_code, form_fields=_form_fields, language_name=_language_name
        )
        self.environment.filters.update(
            name=_in_language(texts.name),
            date=_in_language(_date),
            weekday=_in_language(texts.weekday),
            time=_in_language(texts.clock_time),
            moment=_in_language(texts.moment),
            ago=_ago,
            number=_in_language(texts.number),
            percent=_in_language(texts.percent),
            enumeration=_in_language(texts.enumeration),
            paragraphs=_paragraphs,
            whole_references=_whole_references,
        )
        self.environment.tests["away"] = lambda value: isinstance(value, Away)

    def render(self, template: str, context: Mapping[str, Any]) -> str:
        """The template filled; `context` has the `page` among other things."""
        return _INDENT.sub("\n", self.environment.get_template(template).render(context))


@pass_context
def _text(context: Context, key: str, /, **values: object) -> str:
    return texts.text(key, context["page"].language, **values)


@pass_context
def _plural(context: Context, key: str, count: int, /, **values: object) -> str:
    return texts.plural(key, count, context["page"].language, **values)


@pass_context
def _code(context: Context, prefix: str, value: str, /) -> str:
    return texts.of_code(prefix, value, context["page"].language)


@pass_context
def _language_name(context: Context, code: str) -> str:
    return texts.language_name(code, context["page"].language)


@pass_context
def _ago(context: Context, value: datetime | str) -> str:
    return texts.how_long_ago(value, context["page"].now, context["page"].language)


def _date(value: date | str, language: str) -> str:
    return texts.day(value, language)


def _in_language(write: Callable[[Any, str], str]) -> Callable[[Context, Any], str]:
    """A filter that writes a value in the language of the page; nothing for None."""

    @pass_context
    def written(context: Context, value: Any) -> str:
        return "" if value is None else write(value, context["page"].language)

    return written


def _paragraphs(value: str | None) -> Markup:
    """A text that somebody typed, its paragraphs and lines kept."""
    parts = [part for part in (value or "").replace("\r\n", "\n").split("\n\n") if part.strip()]
    lines = [Markup("<br>").join(part.strip().split("\n")) for part in parts]
    return Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _whole_references(value: str) -> Markup:
    """A text in which no reference is broken over two lines: that is how people read it out on the phone."""
    parts = _REFERENCE.split(value)
    whole = Markup('<span class="nowrap" translate="no">{}</span>')
    return Markup("").join(whole.format(part) if number % 2 else part for number, part in enumerate(parts))


@pass_context
def _form_fields(context: Context, form: Form | None = None, etag: str | None = None) -> Markup:
    """The hidden fields of a form that is posted: of which session it is, its idempotency key, the version seen."""
    fields = {
        "csrf_token": context["page"].csrf_token,
        "idempotency_key": (form.key if form is not None else "") or str(uuid4()),
    }
    if version := etag or (form.version if form is not None else None):
        fields["etag"] = version
    hidden = Markup('<input type="hidden" name="{}" value="{}">')
    return Markup("").join(hidden.format(name, value) for name, value in fields.items())
