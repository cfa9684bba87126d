"""Measurements of the event path and of the whole platform, beside a hand-written minimum and beside task queues."""
