"""What servers and files say that let nobody in or are not there, in one line for an operator."""

from socket import gaierror
from typing import Final

_NOBODY_LET_IN: Final = "28"
"""The class of SQLSTATEs of wrong passwords and of roles that are not there"""
_NO_SUCH_DATABASE: Final = "3D000"


def said_of_surroundings(error: Exception) -> str | None:
    """The line about a file or a server; None where the fault is ours, and deserves its trace."""
    said = _said_of_file(error) if isinstance(error, OSError) else None
    return said_of_server(error) if said is None else said


def said_of_server(error: BaseException) -> str | None:
    """The line; None where the fault is not the server's, and deserves its trace."""
    from shared.database.outages import is_away  # noqa: PLC0415  SQLAlchemy: only where something went wrong

    cause = getattr(error, "orig", None) or error
    reason = (str(cause) or type(cause).__name__).partition("\n")[0]
    state = str(getattr(cause, "sqlstate", None) or "")
    if state.startswith(_NOBODY_LET_IN) or state == _NO_SUCH_DATABASE:
        return (
            f"PostgreSQL refuses it: {reason}. Look at the passwords and addresses in .env; `docker compose up --wait` "
            "makes databases and roles, and sets the passwords"
        )
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError | gaierror):
        return None
    return f"a server does not answer, run it again once it does: {reason}" if is_away(error) else None


def _said_of_file(error: OSError) -> str | None:
    path = error.filename2 or error.filename
    if path is None:
        return str(error) if isinstance(error, PermissionError) else None
    return f"{path}: {error.strerror}"
