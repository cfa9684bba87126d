"""Alembic's environment of the notification service."""

from shared.database.migrations import run_environment

# Who was told what, and how it was delivered, is proof: the service changes what an attempt changes, and removes
# nothing.
run_environment(
    changeable={
        "notices": ("seen_at", "passed_on_at"),
        "deliveries": (
            *("status", "attempts", "next_attempt_at", "last_error"),
            *("message_id", "reader", "delivered_at", "bounced_at", "version"),
        ),
    }
)
