"""The roles that members have."""

from typing import Final, get_args

from shared.events.catalog import Role

ROLES: Final[tuple[Role, ...]] = get_args(Role)
