"""One-shot process of `luotsi up`: migrates every database, then seeds the catalogue."""

from luotsi.target import find_target
from services.catalog.seed import seed
from shared.migrations import upgrade
from shared.topology import SERVICES


def main() -> None:
    """Databases are named by the environment: CATALOG_DATABASE_URL and so on."""
    target = find_target()
    for service in SERVICES:
        upgrade(service, target.database_url(service))
    seed(target.database_url("catalog"))


if __name__ == "__main__":
    main()
