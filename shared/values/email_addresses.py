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
_IN_BRACKETS: Final = re.compile(r"[^<>]*<([^<>]*)>")


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
    plain = unicodedata.normalize("NFC", without_invisible(text)).strip()
    bracketed = _IN_BRACKETS.fullmatch(plain.rstrip(".,; "))
    plain = (bracketed[1] if bracketed else plain).strip()
    if plain[:7].lower() == "mailto:":
        plain = unquote(plain[7:].partition("?")[0])
    return plain.strip(" '\"").rstrip(".,;").strip()


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
