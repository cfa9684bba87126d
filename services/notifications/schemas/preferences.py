"""How a member is told: what it chooses, and what the API answers."""

from pydantic import BaseModel

from shared.events.catalog import Language
from shared.web.requests import Body


class NewPreference(Body):
    """Whether mail is sent too (the inbox always has the notice), and in which language; null: the account's."""

    email: bool
    language: Language | None = None


class PreferenceView(BaseModel):
    """How the member is told. `language` null: that of the account, which is `account_language`."""

    email: bool
    language: Language | None
    account_language: Language
