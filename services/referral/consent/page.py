"""A consent text as a page to be printed and signed: one self-contained HTML document, without any client data."""

from collections.abc import Sequence
from html import escape
from string import Template

from services.referral.consent.texts import FOLDER, ConsentText, Section

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of the page: it loads nothing and runs nothing."""


def consent_page(text: ConsentText, notes: Sequence[str], notes_language: str) -> str:
    """The page. `notes` are for the adviser, in `notes_language`; they are shown on the screen and not printed."""
    template = Template((FOLDER / "page.html").read_text("utf-8"))
    beside = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return template.substitute(
        language=escape(text.language),
        direction=text.direction,
        title=escape(text.title),
        notes=f'<aside lang="{escape(notes_language)}" dir="ltr">{beside}</aside>' if notes else "",
        sections="\n".join(_section(section) for section in text.sections),
        agreement=escape(text.agreement),
        lines="\n".join(f"<div><dt>{escape(line)}</dt><dd></dd></div>" for line in text.signature_lines),
    )


def _section(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>" if section.heading else ""
    paragraphs = "".join(f"<p>{escape(each)}</p>" for each in section.paragraphs)
    items = "".join(f"<li>{escape(each)}</li>" for each in section.items)
    return heading + paragraphs + (f"<ul>{items}</ul>" if items else "")
