"""Mail that goes out behind an answer: the way in, and word of what was changed in somebody's account."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Literal

from fastapi import Response
from starlette.background import BackgroundTask

from services.portal import texts
from services.portal.pages.page import Page
from services.portal.use_cases.mail_sign_in import MailKind, MailToSend
from shared.portal_paths import sign_in_url

Notice = Literal[
    "app_added",
    "app_removed",
    "passkey_added",
    "passkey_removed",
    "codes_made",
    "recovery_code_used",
    "reset",
    "provider_linked",
]
"""What a person is told of by mail: everything by which somebody else could get in"""

_NOTICES: Final[Mapping[Notice, tuple[str, str]]] = {
    "app_added": ("sign_in_mail.app_added.subject", "sign_in_mail.app_added.text"),
    "app_removed": ("sign_in_mail.app_removed.subject", "sign_in_mail.app_removed.text"),
    "passkey_added": ("sign_in_mail.passkey_added.subject", "sign_in_mail.passkey_added.text"),
    "passkey_removed": ("sign_in_mail.passkey_removed.subject", "sign_in_mail.passkey_removed.text"),
    "codes_made": ("sign_in_mail.codes_made.subject", "sign_in_mail.codes_made.text"),
    "recovery_code_used": ("sign_in_mail.recovery_code_used.subject", "sign_in_mail.recovery_code_used.text"),
    "reset": ("sign_in_mail.reset.subject", "sign_in_mail.reset.text"),
    "provider_linked": ("sign_in_mail.provider_linked.subject", "sign_in_mail.provider_linked.text"),
}
"""The keys of subject and text"""


def with_mail(page: Page, answer: Response, mail: MailToSend | None) -> Response:
    """Send a mail when the answer is on its way, so that nobody can tell by the time whether there was one."""
    if mail is not None:
        subject, *paragraphs = _WRITTEN[mail.kind](page.state.settings.public_url.rstrip("/"), mail)
        answer.background = BackgroundTask(page.state.mail.send, subject, mail.to, mail.language, paragraphs)
    return answer


def with_notice(page: Page, answer: Response, notice: Notice, to: str, language: str | None = None) -> Response:
    """Tell a person by mail what was changed, and what to do if it was somebody else."""
    said = language or page.language
    subject, text = _NOTICES[notice]
    paragraphs = [
        texts.text(text, said, moment=texts.moment(page.now, said)),
        texts.text("sign_in_mail.not_you", said, link=f"{page.state.settings.public_url.rstrip('/')}/account"),
    ]
    answer.background = BackgroundTask(page.state.mail.send, texts.text(subject, said), to, said, paragraphs)
    return answer


def _link(public_url: str, mail: MailToSend) -> list[str]:
    text = partial(texts.text, language=mail.language)
    return [
        text("sign_in_mail.link.subject"),
        text("sign_in_mail.link.text"),
        f"{public_url}/sign-in/link/{mail.token}",
        text("sign_in_mail.link.code", code=mail.code),
        text("sign_in_mail.link.holds"),
        text("sign_in_mail.link.not_asked"),
    ]


def _provider(public_url: str, mail: MailToSend) -> list[str]:
    text = partial(texts.text, language=mail.language)
    ways = [
        f"{texts.name(each.organization_name, mail.language)}:\n{public_url}/sign-in/at/{each.organization_slug}"
        for each in mail.organizations
    ]
    not_asked = text("sign_in_mail.provider.not_asked")
    return [text("sign_in_mail.provider.subject"), text("sign_in_mail.provider.text"), *ways, not_asked]


def _lost(public_url: str, mail: MailToSend) -> list[str]:
    text = partial(texts.text, language=mail.language)
    return [text("sign_in_mail.lost.subject"), text("sign_in_mail.lost.text"), sign_in_url(public_url)]


_WRITTEN: Final[Mapping[MailKind, Callable[[str, MailToSend], list[str]]]] = {
    "link": _link,
    "provider": _provider,
    "lost": _lost,
}
"""Writes subject and paragraphs of a mail"""
