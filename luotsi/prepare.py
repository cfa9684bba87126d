"""One-shot process of `luotsi up`: migrates every database, then seeds the catalogue.

It loads its code while the servers start, and begins when a line arrives on standard input.
"""

import sys

from luotsi.target import find_target, migrate
from services.catalog.seed import seed
from shared.topology import SERVICES


def main() -> None:
    """Databases are named by the environment: CATALOG_DATABASE_URL and so on."""
    if not sys.stdin.readline():  # the supervisor is gone
        sys.exit(1)
    target = find_target()
    for service in SERVICES:
        migrate(target, service)
    seed(target.database_url("catalog"))


if __name__ == "__main__":
    main()
