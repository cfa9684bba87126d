"""Headers of mail, each parsed once: most are the same from one mail to the next."""

from email.headerregistry import BaseHeader, HeaderRegistry
from email.policy import SMTP
from functools import cache, lru_cache
from typing import Any, Final


class _Headers(HeaderRegistry):
    """The standard library's headers. It makes a class for each anew, and parsing takes longer than all else."""

    def __init__(self) -> None:
        super().__init__()
        self._class_of = cache(super().__getitem__)
        self._parsed = lru_cache(maxsize=1024)(super().__call__)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return self._class_of(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        return self._parsed(name, value)


MAIL_POLICY: Final = SMTP.clone(header_factory=_Headers())
"""That of SMTP, for mail that is sent by the thousand: equal headers of several mails are one object."""
