"""Entering and changing the organisations of the files, through the commands of the API."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlmodel import col, select

from luotsi.importing.cells import differences, organization_cells
from luotsi.importing.lines import TEXTS, Faults, Line, column_of, first_of_each
from luotsi.importing.report import Done
from services.catalog.schemas.organizations import NewOrganization, OrganizationChange
from services.catalog.tables import Organization, OrganizationAlias
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.organizations import change_organization, create_organization
from shared.problems import Problem, field_errors

ModelT = TypeVar("ModelT", bound=BaseModel)
_AS_THEY_ARE: Final = ("organization_type", "email", "website")


async def organizations_by_slug(work: UnitOfWork) -> dict[str, Organization]:
    """Every organisation by its slug, and by those it had."""
    rows = {each.id: each for each in await work.tx.all(select(Organization))}
    former = await work.tx.all(select(OrganizationAlias).where(col(OrganizationAlias.slug).is_not(None)))
    known = {alias.slug: rows[alias.organization_id] for alias in former if alias.slug}
    return known | {each.slug: each for each in rows.values()}


async def bring_organizations(
    work: UnitOfWork, lines: Sequence[Line], known: dict[str, Organization], faults: Faults
) -> Done:
    """Enter and change what the lines say; `known` grows by what is new. Faults are noted, and nothing else raised."""
    done = Done()
    before = {each.id for each in known.values()}
    named: set[UUID] = set()
    slugs = {line.cells.get("slug", "").lower() for line in lines}
    whole = [line for line in lines if "slug" in line.cells]
    waiting = first_of_each(whole, ["slug"], lambda line: _id_or_slug(line, known), faults)
    while waiting:
        # Whoever stands above another one comes first.
        ahead = {_slug(line) for line in waiting if _slug(line) not in known}
        ready = [line for line in waiting if _parent(line) not in ahead or _parent(line) == _slug(line)]
        for line in ready or waiting:
            if not ready:
                faults.add(line, "parent", "the organisations above each other go round in a circle")
            elif (parent := _parent(line)) is not None and parent not in known:
                if parent == _slug(line):
                    faults.add(line, "parent", "an organisation does not stand above itself")
                elif parent not in slugs:  # else that line's own fault is told
                    faults.add_unknown(line, "parent", "there is no organisation", parent, list(known))
            else:
                await _bring(work, line, known, faults, done)
            if (row := known.get(_slug(line))) is not None:
                named.add(row.id)
        waiting = [line for line in waiting if line not in ready] if ready else []
    done.others = len(before - named)
    return done


async def _bring(work: UnitOfWork, line: Line, known: dict[str, Organization], faults: Faults, done: Done) -> None:
    slug, row = _slug(line), known.get(_slug(line))
    try:
        if row is None:
            new = checked(NewOrganization, {**_values(line, known), "slug": slug}, line, faults)
            if new is not None and line not in faults.lines:
                known[slug] = await create_organization(work, new)
                done.entered.append((line, slug))
            return
        change = checked(OrganizationChange, _values(line, known), line, faults)
        if change is None or line in faults.lines:
            return
        row = known[slug] = await work.tx.get_one(Organization, row.id, lock=True)
        slugs = {each.id: each.slug for each in known.values()}
        version, before = row.version, organization_cells(row, slugs)
        await change_organization(work, row, change)
        if row.version > version:
            done.changed.append((line, slug, differences(before, organization_cells(row, slugs))))
        else:
            done.as_they_were += 1
        if not row.active:
            done.deactivated.append((line, slug))
    except Problem as problem:
        faults.add_problem(line, problem)


def _values(line: Line, known: dict[str, Organization]) -> dict[str, Any]:
    values: dict[str, Any] = {name: line.cells[name] for name in _AS_THEY_ARE if name in line.cells}
    for column, (name, language) in TEXTS.items():
        if column in line.cells:
            values.setdefault(name, {})[language] = line.cells[column]
    if (parent := _parent(line)) is not None:
        values["parent_organization_id"] = known[parent].id
    return values


def checked(model: type[ModelT], values: dict[str, Any], line: Line, faults: Faults) -> ModelT | None:
    """The values as the API takes them; None, with what is wrong noted, when it would not."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for each in field_errors(list(error.errors())):
            faults.add(line, column_of(each["field"]), each["message"])
        return None


def _id_or_slug(line: Line, known: dict[str, Organization]) -> UUID | str:
    """What tells an organisation from others, whichever of its slugs is written."""
    row = known.get(_slug(line))
    return row.id if row is not None else _slug(line)


def _slug(line: Line) -> str:
    return line.cells["slug"].lower()


def _parent(line: Line) -> str | None:
    parent = line.cells.get("parent")
    return parent.lower() if parent else None
