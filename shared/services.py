"""The services: one record for each, from which code and tests take which there are, what they run, publish and read.

What is not Python says it once more: the containers, their secrets and the edge. `tests/test_compose_file.py` compares.
"""

from dataclasses import dataclass
from typing import Final, Literal

ProcessKind = Literal["web", "worker"]


@dataclass(frozen=True)
class Service:
    """One service. Its code lies in `services/<name>/`; its database and its user in Redis bear its name."""

    name: str
    port: int
    """In embedded mode its web process listens so far above the platform's first port"""
    prefix: str
    """The path below which the edge publishes it; the root, which is empty, has what no other service has"""
    stream: str | None = None
    """The one stream that it writes; without one it publishes no events"""
    reads: tuple[str, ...] = ()
    """The streams that it reads, each as the consumer group of its own name"""
    processes: tuple[ProcessKind, ...] = ("web", "worker")
    """`main.py` is run as its web process, `worker.py` as its worker"""
    secrets: tuple[str, ...] = ()
    """Settings that are 32 random bytes each, in base64url, and that no other service is given"""
    worker_secrets: tuple[str, ...] = ()
    """Those of them that its worker is given, and its web process is not"""
    web_secrets: tuple[str, ...] = ()
    """Those of them that its web process is given, and its worker is not"""
    calls_apis: bool = False
    """Whether its web process calls the HTTP APIs for people: it is given their addresses, and the private key that it
    signs access tokens with. Services that publish events never call each other."""

    @property
    def has_api(self) -> bool:
        """Whether it serves an HTTP API, which its `/docs` describe. Pages are published elsewhere than below /api."""
        return self.prefix.startswith("/api/")

    def secrets_of(self, kind: ProcessKind) -> tuple[str, ...]:
        """The secrets that its processes of that kind are given."""
        others = self.worker_secrets if kind == "web" else self.web_secrets
        return tuple(name for name in self.secrets if name not in others)

    @property
    def process_names(self) -> tuple[str, ...]:
        """Its processes as supervisor, logs and containers call them: `catalog-web`."""
        return tuple(f"{self.name}-{kind}" for kind in self.processes)


SERVICES: Final[tuple[Service, ...]] = (
    Service(
        "portal",
        port=0,
        prefix="",
        reads=("catalog.events",),
        secrets=("PORTAL_KEY",),
        web_secrets=("PORTAL_KEY",),
        calls_apis=True,
    ),
    Service("catalog", port=1, prefix="/api/catalog", stream="catalog.events", reads=("referral.events",)),
    Service(
        "referral",
        port=2,
        prefix="/api/referral",
        stream="referral.events",
        reads=("catalog.events", "notification.events"),
        secrets=("MASTER_KEY", "INDEX_KEY", "AUDIT_KEY"),
        worker_secrets=("AUDIT_KEY",),
    ),
    Service(
        "notifications",
        port=3,
        prefix="/api/notifications",
        stream="notification.events",
        reads=("catalog.events", "referral.events"),
    ),
)


def service_names() -> tuple[str, ...]:
    """The names of all services, in the order of their records."""
    return tuple(service.name for service in SERVICES)


def apis() -> tuple[str, ...]:
    """The names of the services that serve an HTTP API."""
    return tuple(service.name for service in SERVICES if service.has_api)


def publishers() -> tuple[str, ...]:
    """The names of the services that write a stream: those with a log of events, the outbox."""
    return tuple(service.name for service in SERVICES if service.stream)


def readers() -> tuple[str, ...]:
    """The names of the services that read a stream: those that note in an inbox what they have dealt with."""
    return tuple(service.name for service in SERVICES if service.reads)


def get_service(name: str) -> Service:
    """The record of that name. Raises LookupError when there is none."""
    for service in SERVICES:
        if service.name == name:
            return service
    raise LookupError(f"no such service: {name} (there are {', '.join(service_names())})")


def stream_of(name: str) -> str:
    """The stream that the service writes. Raises LookupError for a service without one."""
    stream = get_service(name).stream
    if stream is None:
        raise LookupError(f"the service {name} writes no stream")
    return stream


def streams() -> tuple[str, ...]:
    """Every stream that a service writes."""
    return tuple(service.stream for service in SERVICES if service.stream)


def groups_of(stream: str) -> tuple[str, ...]:
    """The consumer groups declared on a stream. All of them must have read an entry before it may go."""
    return tuple(service.name for service in SERVICES if stream in service.reads)


def limits_prefix(service: Service) -> str:
    """How the keys begin in Redis under which the service counts requests."""
    return f"{service.name}.limits"


def dead_stream(stream: str, group: str) -> str:
    """Where entries go that `group` could not handle."""
    return f"{stream}.dead.{group}"
