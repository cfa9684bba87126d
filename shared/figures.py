"""What looks find in a service's database and on its streams: figures for monitors, and whether a piece is well."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_OLDEST: Final = "For how many seconds the oldest of them has waited; 0 where there is none"


@dataclass(frozen=True)
class Figure:
    """One gauge as it stands now. `labels` have few values, and none that says who anybody is."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What was found of one piece of a service, such as its `outbox`: whether it is well, and figures."""

    piece: str
    well: bool
    figures: tuple[Figure, ...] = ()


Look = Callable[[AsyncConnection], Awaitable[Seen]]
"""Looks at one piece of a service in its database"""


def waiting(
    name: str, oldest_name: str, what: str, number: float, oldest_seconds: float, **labels: str
) -> tuple[Figure, Figure]:
    """How many of something wait, and for how long the oldest of them already."""
    return Figure(name, what, number, labels), Figure(oldest_name, f"{what}: {_OLDEST}", oldest_seconds, labels)


def waiting_look(
    piece: str,
    statement: str,
    is_well: Callable[[int, float], bool],
    figures: tuple[str, str, str],
    **labels: str,
) -> Look:
    """Looks at what waits in a service's database.

    `statement` finds `number`, how many wait, and `oldest`, for how many seconds the oldest does; `is_well` says of the
    two whether that may be. `figures` are their two names, and what they count.
    """

    async def look(connection: AsyncConnection) -> Seen:
        row = (await connection.execute(text(statement))).one()
        number_name, oldest_name, what = figures
        found = waiting(number_name, oldest_name, what, row.number, row.oldest, **labels)
        return Seen(piece, is_well(row.number, row.oldest), found)

    return look


def as_prometheus(figures: Iterable[Figure]) -> bytes:
    """Figures in Prometheus' text form, those of a name together below what they mean."""
    registry = CollectorRegistry()
    registry.register(_Found(figures))
    return generate_latest(registry)


class _Found(Collector):
    def __init__(self, figures: Iterable[Figure]) -> None:
        self._families: dict[str, GaugeMetricFamily] = {}
        for figure in figures:
            family = self._families.get(figure.name)
            if family is None:
                family = GaugeMetricFamily(figure.name, figure.help, labels=list(figure.labels))
                self._families[figure.name] = family
            family.add_metric(list(figure.labels.values()), figure.value)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge with its values."""
        yield from self._families.values()


__all__ = ["Figure", "Look", "Seen", "as_prometheus", "waiting", "waiting_look"]
