"""What every command works with, and what all of them do alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain.rules import LONGEST_SLUG, Caller, RuleBroken, check_slug
from services.catalog.domain.texts import LANGUAGES, in_language, slug_from
from services.catalog.schemas.parts import Description, Name
from services.catalog.tables import Texts
from shared.clock import day_in_kuopio
from shared.publishing.outbox import Outbox


@dataclass(frozen=True)
class Work:
    """The transaction, where events are recorded, the moment it is, and who wants the change."""

    session: AsyncSession
    outbox: Outbox
    now: datetime
    caller: Caller

    @property
    def today(self) -> date:
        """The day it is in Finland."""
        return day_in_kuopio(self.now)


def given(texts: Name | Description | None, field: str = "", *, needed: bool = False) -> Texts:
    """The texts that were given, by language. Raises RuleBroken when there is none of a text that is `needed`."""
    return merged({}, texts, field, needed=needed)


def merged(before: Mapping[str, str], change: Name | Description | None, field: str, *, needed: bool = False) -> Texts:
    """The texts after a change: languages it leaves out stay, null takes one away, a null change all of them.

    Raises RuleBroken when none is left of a text that is `needed`.
    """
    changes = {} if change is None else change.model_dump(exclude_unset=True)
    after = {} if change is None else {**before, **changes}
    kept: Texts = {language: after[language] for language in LANGUAGES if after.get(language)}
    if needed and not kept:
        raise RuleBroken("The text is needed in at least one language.", field)
    return kept


def slug_for(slug: str | None, name: Texts) -> str:
    """The slug that was given, or one made of the name in English or what there is. Raises RuleBroken."""
    if slug is not None:
        return check_slug(slug)
    made = slug_from(in_language(name, "en"), LONGEST_SLUG)
    if not made:
        raise RuleBroken("No slug can be made of this name: give one.", "slug")
    return check_slug(made)
