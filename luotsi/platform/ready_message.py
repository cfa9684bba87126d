"""The message of `luotsi up` when the platform is ready: text for people, one line of JSON for programs."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from luotsi.platform.target import DEFAULT_DATA
from luotsi.platform.tokens import Member
from shared.services import SERVICES

# What somebody with the role would look at first: service and path.
_FIRST_LOOK = {
    "adviser": ("referral", "/referrals?box=sent"),
    "recipient": ("notifications", "/notices?unseen=true"),
    "coordinator": ("referral", "/overview"),
    "admin": ("catalog", "/organizations"),
}


def as_json(facts: dict[str, Any], accounts: list[Member]) -> None:
    """One line on standard output: what platform.json says, and the accounts."""
    people = [{"email": m.email, "organization": m.organization, "roles": m.roles} for m in accounts]
    print(json.dumps({**facts, "accounts": people}), flush=True)


def as_text(data: Path) -> Callable[[dict[str, Any], list[Member]], None]:
    """A function that prints the same for a person; `data` is the directory that `luotsi token` is to be given."""

    def show(facts: dict[str, Any], accounts: list[Member]) -> None:
        console = Console(highlight=False)
        console.print(
            f"Luotsi is ready. Open [bold]{facts['portal']}[/] in a browser, and choose an account.\n", soft_wrap=True
        )
        console.print(_addresses(facts))
        console.print(f" Mail lands in {facts['mail_dir']}", soft_wrap=True)
        console.print(_accounts(accounts))
        console.print("\nTo act as one of them without a browser:")
        for line in _examples(facts, accounts, data):
            console.print(f"  {line}", style="bold", soft_wrap=True, markup=False)
        console.print("\nA token lasts 15 minutes. Ctrl-C stops the platform; its data stays.")

    return show


def _addresses(facts: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    for service in SERVICES:
        address = facts[service.name]
        table.add_row(service.name, address, f"{address}/docs" if service.has_api else "")
    return table


def _accounts(accounts: list[Member]) -> Table:
    table = Table(title="\nAccounts", title_justify="left", box=None, show_header=False)
    for member in accounts:
        table.add_row(member.email, " ".join(member.roles))
    return table


def _examples(facts: dict[str, Any], accounts: list[Member], data: Path) -> Iterator[str]:
    """A command for each role, with which a member who has it would begin."""
    where = "" if data == DEFAULT_DATA else f" --data {shlex.quote(str(data))}"
    for role, (service, path) in _FIRST_LOOK.items():
        member = next((m for m in accounts if role in m.roles), None)
        if member:
            token = f"$({_this_command()} token {member.email}{where})"
            yield f'curl -H "Authorization: Bearer {token}" "{facts[service]}{path}"'


def _this_command() -> str:
    """How `luotsi` is called from here."""
    if shutil.which("luotsi"):
        return "luotsi"
    script = Path(sys.executable).with_name("luotsi")
    return str(script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script)
