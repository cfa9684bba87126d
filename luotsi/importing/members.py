"""Entering and changing the members of the files, through the commands of the API."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from luotsi.importing.lines import Faults, Line, did_you_mean, first_of_each
from luotsi.importing.organizations import checked
from luotsi.importing.report import Done
from services.catalog.schemas.members import MemberChange, NewMember
from services.catalog.tables import Member, Organization
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.members import change_member, create_member
from shared.problems import Problem
from shared.values.email_addresses import same_address

Key = tuple[UUID, str]
"""Organisation, and what all ways of writing an address have in common."""


class MemberImport:
    """One run. First who is new, then who gets more rights, then the others, and last who stands in for whom."""

    def __init__(
        self, work: UnitOfWork, organizations: Mapping[str, Organization], faults: Faults, *, invite: bool
    ) -> None:
        self.done = Done()
        self._work = work
        self._organizations = organizations
        self._faults = faults
        self._invite = invite
        self._known: dict[Key, Member] = {}

    async def lock(self, members_of: set[UUID], organizations: set[UUID]) -> None:
        """Hold the members of these organisations, then those: in the order in which all changes take them.

        Before anything is changed: the lock of the search index is to be the last.
        """
        members = select(Member).where(col(Member.organization_id).in_(members_of)).order_by(col(Member.id))
        for each in await self._work.tx.all(members.with_for_update(key_share=True)):
            self._known[each.organization_id, same_address(each.email)] = each
        held = col(Organization.id).in_(members_of | organizations)
        rows = select(Organization).where(held).order_by(col(Organization.id))
        await self._work.tx.all(rows.with_for_update(key_share=True))

    async def bring(self, lines: Sequence[Line], coming: set[str]) -> None:
        """Enter and change what the lines say; `coming` are slugs of organisations whose own line has a fault."""
        whole = [line for line in lines if {"email", "organization"} <= line.cells.keys()]
        theirs = [
            (line, organization)
            for line in first_of_each(whole, ["email", "organization"], self._faults)
            if (organization := self._organization(line, coming)) is not None
        ]
        before = set(self._known)
        there, changed = [], set()
        for line, organization in theirs:
            if (member := self._known.get(_key(line, organization))) is None:
                await self._enter(line, organization)
            elif member.active:
                there.append((line, member))
            else:
                self.done.deactivated.append((line, line.cells["email"]))
        for line, member in sorted(there, key=lambda each: "admin" not in _roles(each[0])):
            if await self._change(line, member, {"roles": _roles(line), "language": line.cells.get("language")}):
                changed.add(line)
        for line, organization in theirs:
            if await self._name_deputy(line, organization) and any(line is one for one, _ in there):
                changed.add(line)
        self.done.changed = [(line, line.cells["email"]) for line, _ in there if line in changed]
        self.done.as_they_were = len(there) - len(changed)
        self.done.others = len(before - {_key(*each) for each in theirs})

    def _organization(self, line: Line, coming: set[str]) -> Organization | None:
        slug = line.cells["organization"].lower()
        if slug not in self._organizations and slug not in coming:
            like = did_you_mean(slug, list(self._organizations))
            self._faults.add(line, "organization", f"there is no organisation {slug}.{like}")
        return self._organizations.get(slug)

    async def _enter(self, line: Line, organization: Organization) -> None:
        values = {"email": line.cells["email"], "roles": _roles(line)}
        if "language" in line.cells:
            values["language"] = line.cells["language"].lower()
        new = checked(NewMember, values, line, self._faults)
        if new is None or line in self._faults.lines:
            return
        try:
            member = await create_member(self._work, organization, new, invite=self._invite)
        except Problem as problem:
            self._faults.add_problem(line, problem)
            return
        self._known[_key(line, organization)] = member
        self.done.entered.append((line, member.email))

    async def _change(self, line: Line, member: Member, values: Mapping[str, Any]) -> bool:
        given = {name: value for name, value in values.items() if value}
        change = checked(MemberChange, given, line, self._faults)
        if change is None or line in self._faults.lines:
            return False
        version = member.version
        try:
            await change_member(self._work, member, change)
        except Problem as problem:
            self._faults.add_problem(line, problem)
        return member.version > version

    async def _name_deputy(self, line: Line, organization: Organization) -> bool:
        member = self._known.get(_key(line, organization))
        address = line.cells.get("deputy")
        if member is None or not member.active or address is None or line in self._faults.lines:
            return False
        deputy = self._known.get((organization.id, same_address(address)))
        if deputy is None:
            own = [email for owner, email in self._known if owner == organization.id]
            like = did_you_mean(address, own)
            self._faults.add(line, "deputy", f"{organization.slug} has no member {address}.{like}")
            return False
        return await self._change(line, member, {"deputy_id": deputy.id})


def _key(line: Line, organization: Organization) -> Key:
    return organization.id, same_address(line.cells["email"])


def _roles(line: Line) -> list[str]:
    return [role for role in re.split(r"[\s,;]+", line.cells.get("roles", "").lower()) if role]
