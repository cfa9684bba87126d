"""Tables of the referral service as an older version leaves them, made out of the newest ones."""

from typing import Final

from shared.database.migrations import revisions

OLDER: Final = revisions("referral")[-2]
"""The migration before the newest"""

# The newest one builds indexes and leaves those that are there, so it can run once more. What another one makes has to
# be taken away here as well.
MAKE_OLDER: Final = f"UPDATE alembic_version SET version_num = '{OLDER}'"
