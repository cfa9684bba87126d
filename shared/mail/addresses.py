"""Addresses of mail as they have to be written in it: validated and in ASCII, or refused with the reason."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import getaddresses
from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email

LONGEST_LINE: Final = 998
"""How many octets a line of a mail may have at most, without its end (RFC 5322, 2.1.1)."""

_LONGEST_NAME: Final = 200
_NAMED: Final = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>\s*")
_HOW: Final = (
    "Write one address, with or without a name: luotsi@kuopio.fi, or Kuopion kaupunki, Luotsi <luotsi@kuopio.fi>"
)


@dataclass(frozen=True)
class Sender:
    """From whom mail comes: an address in ASCII, and the name that people see."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands after the @-sign."""
        return self.address.rpartition("@")[2]

    @property
    def header(self) -> str:
        """As it stands in `From`: quoted where it must be."""
        return str(Address(self.name, addr_spec=self.address))


def in_ascii(address: str) -> str:
    """The address as it goes over SMTP, its domain in ASCII. Raises ValueError, with the reason, when it is none.

    Domains that nobody on the internet has are taken, such as `localhost` and `town.local`: a house's own server may
    know them.
    """
    domain = address.rpartition("@")[2].casefold()
    own = not domain.startswith("[") and ("." not in domain or domain.rpartition(".")[2] in SPECIAL_USE_DOMAIN_NAMES)
    # The library refuses a house's own domains, and all else it says of them is wanted.
    stand_in = ".example" if own else ""
    found = validate_email(
        address + stand_in,
        check_deliverability=False,
        allow_smtputf8=False,
        allow_quoted_local=True,
        allow_domain_literal=True,
    )
    ascii_address = str(found.ascii_email).removesuffix(stand_in)
    Address(addr_spec=ascii_address)
    return ascii_address


def sender_of(written: str) -> Sender:
    """The sender that `MAIL_FROM` names. Raises ValueError, which shows how to write it, when that is none.

    A name needs no quotation marks, whatever stands in it; those that are there are taken away.
    """
    match = _NAMED.fullmatch(written)
    name, address = (match["name"], match["address"]) if match else ("", written.strip())
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    try:
        if not name.isprintable() or len(name) > _LONGEST_NAME:
            raise ValueError(f"The name has letters that nobody can see, or more than {_LONGEST_NAME}.")
        sender = Sender(" ".join(name.split()) or "Luotsi", in_ascii(address))
        _check_header(sender)
    except (ValueError, MessageError) as error:
        raise ValueError(f"{error} {_HOW}") from None
    return sender


def _check_header(sender: Sender) -> None:
    """Raises ValueError when the header, folded and read again, names somebody else."""
    folded = SMTP.header_factory("From", sender.header).fold(policy=SMTP)
    read = getaddresses([folded.partition(":")[2].replace("\r\n", "").strip()])
    if [(str(make_header(decode_header(name))), address) for name, address in read] != [(sender.name, sender.address)]:
        raise ValueError("The name cannot be written in a mail: shorten it, or leave out its punctuation.")
