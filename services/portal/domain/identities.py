"""Identity providers: which issuer an organisation may name, and who somebody is to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

_DISCOVERY: Final = "/.well-known/openid-configuration"
_LONGEST: Final = 500
_LONGEST_HOST: Final = 253
_WHOLE_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_ENTRA_HOSTS: Final = frozenset(
    {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "sts.windows.net"}
)
_OF_NO_ONE_TENANT: Final = frozenset(
    {"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad", "{tenantid}"}
)
_OF_EVERYBODY: Final = frozenset(
    {
        "accounts.google.com",
        "appleid.apple.com",
        "www.facebook.com",
        "github.com",
        "token.actions.githubusercontent.com",
    }
)


class UnfitIssuer(ValueError):
    """No issuer that an organisation may name. `reason` is the end of the key of its text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnfitIdentity(ValueError):
    """An ID token that does not say who somebody is. `reason` is the end of the key of its text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Identity:
    """Who somebody is to an issuer, for good: addresses and names change, and are given to others."""

    issuer: str
    subject: str


def clean_issuer(typed: str, *, loopback: bool) -> str:
    """The issuer as it has to stand in every ID token. Raises UnfitIssuer.

    `loopback` allows http on this machine, to try things. The address of the discovery document is taken too.
    """
    issuer = typed.strip().removesuffix(_DISCOVERY)
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UnfitIssuer("not_an_address") from None
    local = loopback and host in _LOOPBACK
    if len(issuer) > _LONGEST or not issuer.isascii() or not issuer.isprintable() or " " in issuer or not host:
        raise UnfitIssuer("not_an_address")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise UnfitIssuer("not_https")
    if parts.query or parts.fragment or "?" in issuer or "#" in issuer or "@" in parts.netloc:
        raise UnfitIssuer("not_an_address")
    if not local and not _is_whole_name(host):
        raise UnfitIssuer("no_name")
    if host in _OF_EVERYBODY or (host in _ENTRA_HOSTS and _tenant(issuer) in _OF_NO_ONE_TENANT | {""}):
        raise UnfitIssuer("common")
    return issuer


def is_reachable_address(address: object, *, loopback: bool) -> bool:
    """Whether an endpoint that a provider names may be called: over https, or on this machine to try things."""
    if not isinstance(address, str) or not address.isascii() or not address.isprintable():
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    local = loopback and host in _LOOPBACK
    if not host or "@" in parts.netloc or parts.fragment:
        return False
    return local if parts.scheme == "http" else parts.scheme == "https" and (local or _is_whole_name(host))


def is_of_the_machine(address: str) -> bool:
    """Whether an IP address is one that means something to the portal's own machine alone, or nothing.

    Cloud providers answer on a link-local one with what a machine may do there.
    """
    found = ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    plain = mapped or found
    return plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified


def identity_of(issuer: str, claims: Mapping[str, Any]) -> Identity:
    """Who somebody is by a verified ID token of `issuer`. Raises UnfitIdentity.

    `sub` of Entra differs by application, and is gone with the registration: there it is tenant and object that stay.
    """
    if urlsplit(issuer).hostname in _ENTRA_HOSTS:
        tenant, person = claims.get("tid"), claims.get("oid")
        if not _is_text(tenant) or not _is_text(person):
            raise UnfitIdentity("no_oid")
        if str(tenant).casefold() != _tenant(issuer):
            raise UnfitIdentity("other_tenant")
        return Identity(issuer, f"{tenant}/{person}".casefold())
    if not _is_text(claims.get("sub")):
        raise UnfitIdentity("no_subject")
    return Identity(issuer, claims["sub"])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255


def _tenant(issuer: str) -> str:
    return urlsplit(issuer).path.strip("/").partition("/")[0].casefold()


def _is_whole_name(host: str) -> bool:
    """Whether it is a name with its domain; no address, however it is written (127.1, 0x7f.1)."""
    return len(host) <= _LONGEST_HOST and _WHOLE_NAME.fullmatch(host) is not None
