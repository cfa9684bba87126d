"""Who may do what in Redis: one user per service, with the rights that its record asks for.

A service adds to its own stream and trims it. On the streams that it reads it may read, acknowledge and claim, and add
to its own streams of dead letters, which it counts. Beside streams it has the keys under which it counts requests.
"""

from collections.abc import Iterable, Mapping

from shared.services import SERVICES, Service, dead_stream, limits_prefix, service_names

OPERATOR = "operator"
USERS = (*service_names(), OPERATOR)

# `client|setinfo` is left out: an access file that names it is refused before Redis 7.2.
_CONNECT = "+hello +auth +ping +multi +exec +discard +client|setname +client|id +role"
_PRODUCE = "+xadd +xtrim +xlen +xrange +xpending +xinfo|stream +xinfo|groups +eval"
_CONSUME = (
    "+xgroup|create +xgroup|delconsumer +xreadgroup +xrange +xack +xautoclaim +xpending +xinfo|groups"
    " +xinfo|consumers +eval"
)
# The scripts of the library `limits`, and what they do.
_COUNT = "+script|load +evalsha +incrby +expire +get +ttl"

# Nobody gets in as this user: it is off, and has no password. But the server replays its append-only file as this user:
# what it may not do, Redis 8 leaves out of transactions and scripts when it starts, and says so in its log only.
_DEFAULT_USER = "user default off resetpass resetchannels ~* +@all"


def acl_rules(passwords: Mapping[str, str]) -> list[str]:
    """One configuration line per user; `passwords` names every one of USERS.

    The lines are valid in a configuration file and in an ACL file, for Redis from 7.0 and Valkey from 8.
    """
    return [
        _DEFAULT_USER,
        *(f"user {service.name} on >{passwords[service.name]} {_service_rules(service)}" for service in SERVICES),
        f"user {OPERATOR} on >{passwords[OPERATOR]} ~* &* +@all",
    ]


def _service_rules(service: Service) -> str:
    parts = [
        f"resetkeys resetchannels -@all {_CONNECT}",
        _selector(_PRODUCE, [service.stream] if service.stream else []),
        _selector(_CONSUME, service.reads),
        _selector("+xadd +xlen", [dead_stream(stream, service.name) for stream in service.reads]),
        _selector(_COUNT, [f"{limits_prefix(service)}:*"]),
    ]
    return " ".join(part for part in parts if part)


def _selector(commands: str, keys: Iterable[str]) -> str:
    names = " ".join(f"~{key}" for key in keys)
    return f"({commands} {names})" if names else ""
