"""What `luotsi up` tells when the platform is ready: to people as tables, to programs as one line of JSON."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from luotsi.members import Member
from luotsi.target import DEFAULT_DATA
from shared.topology import SERVICES

# What somebody with the role would look at first: service and path.
_FIRST_LOOK = {
    "adviser": ("referral", "/referrals?box=sent"),
    "recipient": ("referral", "/referrals?box=received"),
    "coordinator": ("referral", "/overview"),
    "admin": ("catalog", "/services"),
}


def as_json(facts: dict[str, Any], accounts: list[Member]) -> None:
    """One line on standard output: what platform.json says, and the accounts."""
    people = [{"email": m.email, "organization": m.organization, "roles": m.roles} for m in accounts]
    print(json.dumps({**facts, "accounts": people}), flush=True)


def as_text(data: Path) -> Callable[[dict[str, Any], list[Member]], None]:
    """The same for a person; `data` is the directory that `luotsi token` has to be told about."""

    def announce(facts: dict[str, Any], accounts: list[Member]) -> None:
        console = Console()
        console.print(_addresses(facts))
        console.print(f" Mail lands in {facts['mail_dir']}", soft_wrap=True, highlight=False)
        console.print(_accounts(facts, accounts))
        example = next((m for m in accounts if "adviser" in m.roles), accounts[0] if accounts else None)
        if example:
            console.print("\nTo act as one of them (a token lasts 15 minutes):")
            for line in _example(facts, example, data):
                console.print(f"  {line}", style="bold", soft_wrap=True, highlight=False, markup=False)
        console.print("\nCtrl-C stops the platform; its data stays.")

    return announce


def _addresses(facts: dict[str, Any]) -> Table:
    table = Table(title="Luotsi is ready", title_justify="left", box=None, show_header=False)
    for service in SERVICES:
        table.add_row(service, facts[service], f"{facts[service]}/docs")
    return table


def _accounts(facts: dict[str, Any], accounts: list[Member]) -> Table:
    table = Table("Account", "Roles", title="\nAccounts", title_justify="left", box=None)
    table.add_column("A first look", overflow="fold")
    for member in accounts:
        service, path = _first_look(member)
        table.add_row(member.email, ", ".join(member.roles), f"{facts[service]}{path}")
    return table


def _first_look(member: Member) -> tuple[str, str]:
    return next((look for role, look in _FIRST_LOOK.items() if role in member.roles), _FIRST_LOOK["admin"])


def _example(facts: dict[str, Any], member: Member, data: Path) -> list[str]:
    service, path = _first_look(member)
    where = "" if data == DEFAULT_DATA else f" --data {shlex.quote(str(data))}"
    return [
        f"TOKEN=$({_this_command()} token {member.email}{where})",
        f'curl -H "Authorization: Bearer $TOKEN" "{facts[service]}{path}"',
    ]


def _this_command() -> str:
    """How `luotsi` is called from here."""
    if shutil.which("luotsi"):
        return "luotsi"
    script = Path(sys.executable).with_name("luotsi")
    return str(script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script)
