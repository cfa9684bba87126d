"""Entering and changing the members of the files, through the commands of the API."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from luotsi.importing.cells import Cells, differences, member_cells
from luotsi.importing.lines import Faults, Line, first_of_each, roles_in
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
            for line in first_of_each(whole, ["email", "organization"], self._same, self._faults)
            if (organization := self._organization(line, coming)) is not None
        ]
        before, cells_before = set(self._known), self._cells()
        there: dict[Line, tuple[Member, int]] = {}
        for line, organization in theirs:
            if (member := self._known.get(_key(line, organization))) is None:
                await self._enter(line, organization)
            elif member.active:
                there[line] = member, member.version
            else:
                self.done.deactivated.append((line, member.email))
        for line in sorted(there, key=lambda each: "admin" not in _roles(each)):
            given = {"roles": _roles(line), "language": line.cells.get("language", "").lower()}
            await self._change(line, there[line][0], {name: value for name, value in given.items() if value})
        await self._name_deputies(theirs)
        cells = self._cells()
        self.done.changed = [
            (line, member.email, differences(cells_before[member.id], cells[member.id]))
            for line, (member, version) in there.items()
            if member.version > version
        ]
        self.done.as_they_were = len(there) - len(self.done.changed)
        self.done.others = len(before - {_key(*each) for each in theirs})

    def _same(self, line: Line) -> Hashable:
        slug = line.cells["organization"].lower()
        organization = self._organizations.get(slug)
        return organization.id if organization else slug, same_address(line.cells["email"])

    def _cells(self) -> dict[UUID, Cells]:
        slugs = {each.id: each.slug for each in self._organizations.values()}
        addresses = {each.id: each.email for each in self._known.values()}
        return {each.id: member_cells(each, slugs[each.organization_id], addresses) for each in self._known.values()}

    def _organization(self, line: Line, coming: set[str]) -> Organization | None:
        slug = line.cells["organization"].lower()
        if slug not in self._organizations and slug not in coming:
            known = list(self._organizations)
            self._faults.add_unknown(line, "organization", "there is no organisation", slug, known)
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

    async def _change(self, line: Line, member: Member, values: dict[str, Any]) -> None:
        change = checked(MemberChange, values, line, self._faults)
        if change is None or line in self._faults.lines:
            return
        try:
            await change_member(self._work, member, change)
        except Problem as problem:
            self._faults.add_problem(line, problem)

    async def _name_deputies(self, theirs: Sequence[tuple[Line, Organization]]) -> None:
        """Name the deputies of all lines, in whichever order goes: one may be free only once another one is not."""
        waiting = [
            (line, member, deputy)
            for line, organization in theirs
            if (member := self._known.get(_key(line, organization))) is not None and member.active
            if (deputy := self._deputy(line, organization)) is not None
        ]
        while waiting:
            refused: list[tuple[Line, Member, Member, Problem]] = []
            for line, member, deputy in waiting:
                former = member.deputy_id
                try:
                    await change_member(self._work, member, MemberChange(deputy_id=deputy.id))
                except Problem as problem:
                    member.deputy_id = former
                    refused.append((line, member, deputy, problem))
            if len(refused) == len(waiting):
                for line, *_, reason in refused:
                    self._faults.add_problem(line, reason)
                return
            waiting = [(line, member, deputy) for line, member, deputy, _ in refused]

    def _deputy(self, line: Line, organization: Organization) -> Member | None:
        address = line.cells.get("deputy")
        if address is None or line in self._faults.lines:
            return None
        deputy = self._known.get((organization.id, same_address(address)))
        if deputy is None:
            own = [email for owner, email in self._known if owner == organization.id]
            self._faults.add_unknown(line, "deputy", f"{organization.slug} has no member", address, own)
        return deputy


def _key(line: Line, organization: Organization) -> Key:
    return organization.id, same_address(line.cells["email"])


def _roles(line: Line) -> list[str]:
    return roles_in(line.cells.get("roles", ""))
