"""E-mail addresses: cleaned of what comes with them from elsewhere, and taken only when a mail to them can be composed.

The rules are the library's (email-validator), without a look-up of the domain. Letters outside ASCII before the @ are
refused, for a mail server need not take them (RFC 6531 is optional). A domain in other letters is kept in the form of
the domain name system (`xn--…`), so that it can be written into any mail as it is.
"""

import re
import unicodedata
from typing import Annotated, Final
from urllib.parse import unquote

from email_validator import EmailNotValidError, validate_email

from shared.values.characters import without_invisible
from shared.values.forms import Form

LONGEST_ADDRESS: Final = 254
_LONGEST_PASTED: Final = 1000
_EXAMPLE: Final = "such as desk@example.org"
_NAMED: Final = re.compile(
    r"[^<>]*<([^<>]*)>"  # The desk <desk@example.org>
    r"|[^()@]*\(([^()\s@]+@[^()\s@]+)\)"  # The desk (desk@example.org)
    r"|([^\s@]+@[^\s@]+)\s+\([^()]*\)"  # desk@example.org (the desk)
    r"|\[[^\[\]]*\]\(([^()]*)\)"  # [the desk](mailto:desk@example.org)
)
_LABEL: Final = re.compile(r"(?:e-?mail|e-?post|mail|s-?posti|sähköposti(?:osoite)?|smtp)\s*:\s*", re.IGNORECASE)
_LINK: Final = re.compile(r"mailto:(?://)?([^?]*)(?:\?.*)?", re.IGNORECASE | re.DOTALL)
_BEFORE: Final = " '\"\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a([<,;:"
_BEHIND: Final = " '\"\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a)]>,;:.!?/"
"""What may stand around an address in a text; some of it could begin one, and none of it could end one."""

_ENCODED_WORD: Final = "=?"
"""Begins, in the header of a mail, letters in another form (RFC 2047)."""


def clean_address(text: str) -> str:
    """The address in what was pasted: `mailto:desk@example.org?subject=…`, `The desk <desk@example.org>,` and the like.

    The domain in small letters and ASCII. Raises ValueError when it is no address that a mail can be sent to.
    """
    try:
        found = validate_email(
            _bare(text[:_LONGEST_PASTED]), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        raise ValueError(_what_is_wrong(_bare(text[:_LONGEST_PASTED]))) from None
    address = found.ascii_email
    if address is not None and _ENCODED_WORD in address:
        raise ValueError(_what_is_wrong(address))
    if address is None or len(address) > LONGEST_ADDRESS:
        raise ValueError(f"is too long for an e-mail address; give one {_EXAMPLE}")
    return address


def same_address(text: str) -> str:
    """What two ways of writing one address have in common; for comparing, not for writing to.

    Of what is no address, whatever it is without capitals, spaces around it and what is not seen.
    """
    try:
        return clean_address(text).casefold()
    except ValueError:
        return _bare(text).casefold()


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", without_invisible(text)).strip()
    named = _NAMED.fullmatch(plain.rstrip(".,; "))
    plain = next(filter(None, named.groups()), "") if named else plain
    plain = _LABEL.sub("", plain.strip(), count=1) if _LABEL.match(plain.strip()) else plain.strip()
    link = _LINK.fullmatch(plain)
    return (unquote(link[1]) if link else plain).lstrip(_BEFORE).rstrip(_BEHIND)


def _what_is_wrong(address: str) -> str:
    before, at, _ = address.rpartition("@")
    if not at:
        return f"is no e-mail address; give one {_EXAMPLE}"
    if not before.isascii():
        return "has letters before the @ that not every mail server takes; use a to z, such as paivystys@example.org"
    return f"is no e-mail address that can be written to; give one {_EXAMPLE}"


EmailAddress = Annotated[
    str,
    Form(clean_address, {"format": "email", "maxLength": LONGEST_ADDRESS, "examples": ["desk@example.org"]}),
]
"""The address of a desk, a member or a client, in a request."""
