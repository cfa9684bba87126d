"""Where Redis or Valkey is: an address is read here, and what is wrong with it said without repeating it."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

FORM: Final = (
    "must look like redis://user:password@host:6379/0 or rediss://… (TLS), "
    "or redis+sentinel://user:password@host:26379,host:26379/name/0 or rediss+sentinel://…"
)

_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OF_TLS: Final = (*_FILES, "ssl_check_hostname")
_OF_SENTINELS: Final = ("sentinel_username", "sentinel_password")
_TRUTH: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class RedisAddress:
    """`login` and `tls` are redis-py's options of a connection; `tls` is None without encryption.

    `hosts` is the server itself. Where `name` is given they are the Sentinels, who know under that name which server is
    the primary now, and `sentinel_login` is how one signs in to them.
    """

    hosts: tuple[tuple[str, int], ...]
    login: Mapping[str, Any] = field(repr=False)
    tls: Mapping[str, Any] | None
    name: str = ""
    sentinel_login: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_address(url: str) -> RedisAddress:
    """What `url` says. Raises ValueError with what is wrong, and without any of its values but names of files."""
    try:
        parts = urlsplit(url)
        scheme, is_sentinel, _ = parts.scheme.partition("+sentinel")
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        name = path.pop(0) if is_sentinel else ""
        user, _, places = parts.netloc.rpartition("@")
        hosts = tuple(_host(place, 26379 if is_sentinel else 6379) for place in places.split(","))
        login = _login(user) | {"db": int(path[0]) if path and path[0] else 0}
    except ValueError:
        raise ValueError(FORM) from None
    known = scheme in ("redis", "rediss") and parts.scheme in (scheme, f"{scheme}+sentinel")
    if not known or parts.fragment or len(path) > 1 or bool(is_sentinel) != bool(name):
        raise ValueError(FORM)
    if len(hosts) > 1 and not is_sentinel:
        raise ValueError(FORM)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    taken = [*(_OF_TLS if scheme == "rediss" else ()), *(_OF_SENTINELS if is_sentinel else ())]
    if unknown := sorted(set(given) - set(taken)):
        raise ValueError(f"{_said(unknown[0])} Known here: {', '.join(taken) or 'none'}")
    tls = _tls({name: given[name] for name in _OF_TLS if name in given}) if scheme == "rediss" else None
    sentinel_login = {name.removeprefix("sentinel_"): given[name] for name in _OF_SENTINELS if name in given}
    return RedisAddress(hosts, login, tls, name, sentinel_login)


def _host(place: str, port: int) -> tuple[str, int]:
    one = urlsplit(f"//{place}")
    if not one.hostname:
        raise ValueError
    return unquote(one.hostname), one.port or port


def _login(user: str) -> dict[str, Any]:
    name, _, password = user.partition(":")
    return {key: unquote(value) for key, value in (("username", name), ("password", password)) if value}


def _said(parameter: str) -> str:
    if parameter in _OF_TLS:
        return f"has {parameter}, which takes rediss://: without it nothing is encrypted."
    if parameter in _OF_SENTINELS:
        return f"has {parameter}, which takes an address of Sentinels."
    return "has a parameter behind its question mark that is not known."


def _tls(given: dict[str, str]) -> dict[str, Any]:
    """Options of TLS, once its files were read: what is of no use is said at the start, not at the first failure."""
    # Authorities of organisations often lack what newer versions of Python ask of those for everybody.
    options: dict[str, Any] = {"ssl_exclude_verify_flags": [ssl.VERIFY_X509_STRICT]}
    options |= {name: value for name, value in given.items() if name in _FILES and value}
    if check := given.get("ssl_check_hostname"):
        if check.lower() not in _TRUTH:
            raise ValueError("has an ssl_check_hostname that is neither true nor false")
        options["ssl_check_hostname"] = _TRUTH[check.lower()]
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ValueError("has ssl_keyfile, the key of a certificate: it needs ssl_certfile too")
    if relative := [path for name, path in options.items() if name in _FILES and not Path(path).is_absolute()]:
        raise ValueError(f"names {relative[0]}: write the whole path, from / on, for processes start in other places")
    _check_files(options)
    return options


def _check_files(options: Mapping[str, Any]) -> None:
    authority, certificate, key = (options.get(name) for name in _FILES)
    named = authority
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate:
            named = f"{certificate} and {key}" if key else certificate
            context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        why = "not such a file (PEM)" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f"names {named}, which cannot be used: {why}") from None
