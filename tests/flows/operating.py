"""The operator's command line in tests: a target on the tests' servers, with the keys of the tests' platform."""

import base64
from typing import Any

from typer.testing import CliRunner, Result

from luotsi import cli
from luotsi.platform.target import Target
from services.portal.settings import PortalSettings
from services.referral.settings import ReferralSettings
from shared.services import service_names
from tests.platform import Platform


def environment(platform: Platform) -> dict[str, str]:
    """What an operator would set to name this platform."""
    settings: ReferralSettings = platform.settings["referral"]
    keys = {name: getattr(settings, name.lower()) for name in ("MASTER_KEY", "INDEX_KEY", "AUDIT_KEY")}
    named = {name: base64.urlsafe_b64encode(key.get_secret_value()).decode() for name, key in keys.items()}
    portal: PortalSettings = platform.settings["portal"]
    named["PORTAL_KEY"] = base64.urlsafe_b64encode(portal.portal_key.get_secret_value()).decode()
    named["REDIS_URL"] = platform.servers.redis_urls["operator"]
    for service in service_names():
        named[f"{service.upper()}_DATABASE_URL"] = platform.servers.database_urls[service]
        named[f"{service.upper()}_OWNER_DATABASE_URL"] = platform.servers.owner_urls[service]
    return named


def target(platform: Platform) -> Target:
    """The platform as an operator names it."""
    return Target(platform.mail, environment(platform), {})


def luotsi(platform: Platform, *arguments: str, **changes: Any) -> Result:
    """Run a command; call it in a thread of its own, for it has an event loop of its own."""
    known = environment(platform) | {"COLUMNS": "200"} | changes
    result = CliRunner().invoke(cli.app, [*arguments, "--data", str(platform.mail)], env=known)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
