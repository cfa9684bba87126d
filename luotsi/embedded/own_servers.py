"""Servers of the operator's own that take the place of embedded ones: their addresses, out of the environment."""

from luotsi.platform.target import whole_environment


def given(kind: str, name: str) -> str | None:
    """The operator's own server for `name`: CATALOG_REDIS_URL, or REDIS_URL for all that have none."""
    environment = whole_environment()
    common = environment.get(kind) if kind == "REDIS_URL" else None
    return environment.get(f"{name.upper()}_{kind}") or common


def all_given(kind: str, names: tuple[str, ...]) -> bool:
    """Whether each of these has a server of the operator's own."""
    return all(given(kind, name) for name in names)
