"""The field that the next version of a publisher tells, and what the next version of a consumer makes of it."""

FIELD = "waiting_list"
"""How many wait. Today's events do not have it."""

NOTE = "INSERT INTO rig_notes (event_id, waiting) VALUES (:event_id, :waiting)"
"""The effect of the newer consumer on each event that it deals with: what it read there, nothing in an older event.

There is a second row where the effect happens twice.
"""
