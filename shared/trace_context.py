"""Traces as W3C Trace Context has them: what is valid of `traceparent` and `tracestate`, and a fresh trace."""

import re
import secrets
from typing import Final

from shared.personal_identity import contains_code

_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_KEY: Final = r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
_VALUE: Final = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER: Final = re.compile(f"({_KEY})=({_VALUE})")
_MEMBERS: Final = 32
_LENGTH: Final = 512


def new_traceparent() -> str:
    """A trace that begins here."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def valid_traceparent(sent: str | None) -> str | None:
    """What was sent, in the form of version 00; None for nonsense, and for a trace or a parent that is all zeros."""
    found = _TRACEPARENT.fullmatch(sent or "")
    if found is None:
        return None
    version, trace, parent, flags, more = found.groups()
    if version == "00":
        return None if more else sent
    return f"00-{trace}-{parent}-{int(flags, 16) & 1:02x}"  # of a later version only this much is known


def valid_tracestate(sent: str | None) -> str | None:
    """The members that were sent, without blanks around them; None for none, and where anything of it is not valid.

    512 characters at most, as much as everybody has to pass on.
    """
    members = [part.strip(" \t") for part in (sent or "").split(",")]
    found = [_MEMBER.fullmatch(member) for member in members if member]
    keys = {each[1] for each in found if each}
    state = ",".join(member for member in members if member)
    whole = 0 < len(found) == len(keys) <= _MEMBERS and len(state) <= _LENGTH
    return state if whole and not contains_code(state) else None


__all__ = ["new_traceparent", "valid_traceparent", "valid_tracestate"]
