"""A member's inbox, and how the member is told."""
