"""`luotsi admin`: the first administrator of the platform, or of an organisation in it."""

from typing import Annotated

import typer

from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, find_target
from services.catalog.use_cases.administration import create_admin

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="Address of the new administrator.")],
    org: Annotated[
        str, typer.Option(help="Slug of an organisation that there is; luotsi administers the platform.")
    ] = "luotsi",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make the first administrator of a platform, or of an organisation in it."""
    try:
        changed = create_admin(find_target(data).database_url("catalog"), email, org)
    except ValueError as error:
        raise PlatformError(str(error)) from error
    print(f"{email} is {'now' if changed else 'already'} an administrator of {org}")
