"""Identifiers: UUIDv7 (RFC 9562), so that newer things sort after older ones."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7 as a standard-library UUID."""
    return uuid_utils.compat.uuid7()
