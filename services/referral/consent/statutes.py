"""Statutes on which a referral may rest: a pick-list with plain explanations, read from `statutes.yaml`."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Names

DATA = Path(__file__).with_name("statutes.yaml")


class Statute(BaseModel):
    """A statute. `code` is what `legal_basis.statute` may name it by; `url`: where an address is sure to last."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    citation: str
    name: Names
    explanation: Names
    url: str | None = None


class Statutes(BaseModel):
    """The pick-list, and what has to be said about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: Names
    statutes: tuple[Statute, ...]


@cache
def statutes() -> Statutes:
    """The pick-list. Raises ValueError (pydantic's) when the data file does not fit."""
    return Statutes.model_validate(yaml.safe_load(DATA.read_text("utf-8")))


def listed(text: str) -> Statute | None:
    """The statute whose code `text` is, as a caller may have given it; None for free text."""
    return next((statute for statute in statutes().statutes if statute.code == text.strip().lower()), None)
