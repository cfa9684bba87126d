"""What a client is told before consenting, in the client's language: texts without any client data, read from data."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Names

FOLDER = Path(__file__).parent / "data"
FALLBACK = "en"
PLATFORM_LANGUAGES = tuple(Names.model_fields)

# Unicode Standard Annex 9: words from left to right keep their order, brackets included, in a text from right to left.
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Entry):
    """A part of the text. `items` is a list that follows the paragraphs."""

    heading: str | None
    paragraphs: tuple[str, ...]
    items: tuple[str, ...] = ()


class ConsentText(_Entry):
    """The text in one language, a BCP 47 tag; `name` is the language's own name for itself.

    `reviewed` says whether somebody who has the language as a mother tongue has read it. In files the texts have
    placeholders for {source}, {target} and {service}.
    """

    language: str
    name: str
    direction: Literal["ltr", "rtl"]
    reviewed: bool
    title: str
    sections: tuple[Section, ...]
    agreement: str
    signature_lines: tuple[str, ...]

    def about(self, source: Names, target: Names, service: Names) -> "ConsentText":
        """The text with its placeholders filled in."""
        names = {
            name: self._shown(value) for name, value in {"source": source, "target": target, "service": service}.items()
        }
        sections = [
            section.model_copy(
                update={
                    "paragraphs": tuple(each.format_map(names) for each in section.paragraphs),
                    "items": tuple(each.format_map(names) for each in section.items),
                }
            )
            for section in self.sections
        ]
        return self.model_copy(update={"sections": tuple(sections)})

    def _shown(self, names: Names) -> str:
        """A name in this language; where it has none, the English one, with the Finnish that stands on the door."""
        if self.language in PLATFORM_LANGUAGES:
            return names.in_language(self.language)
        both = names.en if names.en == names.fi else f"{names.en} ({names.fi})"
        return f"{_ISOLATE}{both}{_END_OF_ISOLATE}" if self.direction == "rtl" else both


class Notes(_Entry):
    """What the adviser is shown beside a text."""

    unreviewed: Names
    other_language: Names


@cache
def consent_texts() -> dict[str, ConsentText]:
    """Language → text. Raises ValueError (pydantic's) when a data file does not fit."""
    files = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "notes")
    return {path.stem: ConsentText.model_validate(yaml.safe_load(path.read_text("utf-8"))) for path in files}


@cache
def notes() -> Notes:
    """What the adviser is shown beside a text."""
    return Notes.model_validate(yaml.safe_load((FOLDER / "notes.yaml").read_text("utf-8")))


def text_in(language: str) -> ConsentText:
    """The text in a language (BCP 47; region and script are passed over), in English where there is none."""
    found = consent_texts().get(language.split("-", maxsplit=1)[0].lower())
    return found or consent_texts()[FALLBACK]
