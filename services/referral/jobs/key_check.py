"""Before a process of the service serves: it ends where its keys open nobody's data."""

from services.referral.settings import WebSettings, vault_of
from services.referral.use_cases.key_check import OPENS_NOTHING, opens_some
from shared import key_check
from shared.database.reader import Reader


def refuse_other_keys(settings: WebSettings) -> None:
    """End the process (2), saying why, when its keys open no client's key that is there."""

    async def look(reader: Reader) -> bool:
        return await opens_some(reader, vault_of(settings))

    key_check.refuse_other_keys(settings.database_url.get_secret_value(), look, OPENS_NOTHING)
