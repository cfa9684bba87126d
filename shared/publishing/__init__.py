"""From a change to its event on the stream: the outbox, the relay, trimming."""
