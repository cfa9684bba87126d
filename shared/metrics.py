"""The figures that every process counts, in Prometheus form."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # each counter would bring its first use as a second one

PUBLISHED = Counter("luotsi_events_published", "Events brought onto a stream", ["stream"])
STREAM_LOSSES = Counter("luotsi_stream_losses", "Times a stream was found to have lost entries", ["stream"])
MISSING_GROUPS = Gauge("luotsi_missing_groups", "Declared consumer groups that a stream lacks", ["stream"])
HANDLED = Counter("luotsi_events_handled", "Events whose effect was committed", ["stream", "group"])
IGNORED = Counter("luotsi_events_ignored", "Events of a type that the group has no handler for", ["stream", "group"])
FAILED = Counter("luotsi_handler_failures", "Failures of a handler on one event", ["stream", "group"])
DEAD = Counter("luotsi_dead_letters", "Entries set aside as dead letters", ["stream", "group"])
TRIMMED_PENDING = Counter("luotsi_trimmed_while_pending", "Pending entries that were gone", ["stream", "group"])


def count_from_zero(publishes: str | None, group: str, reads: Iterable[str]) -> None:
    """Let the figures of a worker be there before anything happens: else its first time would be no increase."""
    if publishes is not None:
        for written in (PUBLISHED, STREAM_LOSSES, MISSING_GROUPS):
            written.labels(publishes)
    for stream in reads:
        for read in (HANDLED, IGNORED, FAILED, DEAD, TRIMMED_PENDING):
            read.labels(stream, group)
