"""One-shot processes of `luotsi up`: `migrate SERVICE` brings its database to the newest schema, `seed` fills one."""

import sys

from luotsi.platform.migrating import migrate
from luotsi.platform.target import find_target


def main() -> None:
    """Run the process that the arguments name. The environment names the databases: CATALOG_DATABASE_URL and so on."""
    target = find_target()
    match sys.argv[1:]:
        case ["migrate", service]:
            migrate(target, service)
        case ["seed"]:
            from services.catalog.use_cases.seed import seed  # noqa: PLC0415  what migrates does without

            seed(target.database_url("catalog"))
        case other:
            sys.exit(f"no such preparation: {other}")


if __name__ == "__main__":
    main()
