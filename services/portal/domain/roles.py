"""The roles of members, and the slug of the platform's own organisation, whose administrators look after all others."""

from typing import Final

ROLES: Final = ("adviser", "recipient", "coordinator", "admin")
PLATFORM: Final = "luotsi"
