"""The outbox: an event is recorded in the transaction of the change it tells about, and published later."""

from uuid import UUID

from shared import context
from shared.clock import utc_now
from shared.database.tables import OutboxRow
from shared.database.transaction import Transaction
from shared.events import EVENT_TYPES, Envelope, Payload, schema_name
from shared.ids import new_id


class Outbox:
    """Records the events of one service.

    Events of a higher epoch outrank all of a lower one. It is that of the database, or `epoch`, which is the service's
    setting of that name, where that is higher.
    """

    def __init__(self, service: str, epoch: int = 1) -> None:
        self._source = f"urn:luotsi:{service}"
        self._epoch = epoch

    def record(self, tx: Transaction, event_type: str, subject: UUID, sequence: int, data: Payload) -> Envelope:
        """Add an event to what the transaction writes. Never sends, commits, or opens a transaction.

        `sequence` is the version of `subject` after the change. Raises TypeError when `data` is not what
        the contract says `event_type` carries.
        """
        if type(data) is not EVENT_TYPES.get(event_type):
            raise TypeError(f"{event_type} does not carry {type(data).__name__}")
        about = context.current()
        event = Envelope(
            id=new_id(),
            source=self._source,
            type=event_type,
            time=utc_now(),
            subject=str(subject),
            dataschema=schema_name(event_type),
            sequence=sequence,
            epoch=max(self._epoch, tx.epoch),
            actor=about.actor,
            correlationid=about.correlation_id,
            traceparent=about.traceparent,
            tracestate=about.tracestate,
            data=data.model_dump(mode="json"),
        )
        payload = event.model_dump_json(exclude=event.unset)
        tx.insert(OutboxRow(event_id=event.id, type=event_type, subject=event.subject, payload=payload))
        return event
