"""Pages about the portal itself, for anybody: the accessibility statement, and feedback."""

import logging
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.channels.feedback_mail import FeedbackMail
from services.portal.domain.lifetimes import LIMITS
from services.portal.pages.access import anybody
from services.portal.pages.forms import Form
from services.portal.pages.page import Page
from services.portal.pages.sign_in.browser import network
from services.portal.use_cases.limits import allows
from shared.ids import new_id
from shared.mail.smtp import reason_in_short
from shared.personal_identity import contains_code
from shared.problems import too_many
from shared.values.email_addresses import clean_address
from shared.values.texts import prose_of

log = logging.getLogger(__name__)
router = APIRouter()

TOPICS: Final = ("accessibility", "trouble", "other")
LONGEST: Final = 4000
STATED_ON: Final = "2026-11-30"
"""When the accessibility statement was last looked through; it says so"""


@router.get("/accessibility")
async def accessibility(page: Annotated[Page, anybody()]) -> Response:
    """The accessibility statement that the act on digital services (306/2019) asks for."""
    settings = page.state.settings
    return page.render(
        "about/accessibility.html", operator=settings.operator_name, address=settings.public_url, stated_on=STATED_ON
    )


@router.get("/feedback")
async def feedback(page: Annotated[Page, anybody()]) -> Response:
    """The form for feedback."""
    return _form_page(page)


@router.post("/feedback")
async def send_feedback(page: Annotated[Page, anybody()]) -> Response:
    """Send feedback to whoever runs the platform; what was typed stays on the page where that fails."""
    topic, message, answer_to = _read(page)
    if page.form.errors:
        return _form_page(page, status=422)
    await _count(page)
    settings = page.state.settings
    try:
        mail = FeedbackMail(settings, settings.feedback_email)
        await mail.send(_mail_id(page.form), topic, message, answer_to, page.language)
    except Exception as error:
        log.error("feedback was not sent: %s", reason_in_short(error))
        return _form_page(page, status=503, failed=True)
    return page.redirect(page.in_language("/feedback/sent"))


@router.get("/feedback/sent")
async def feedback_sent(page: Annotated[Page, anybody()]) -> Response:
    """What becomes of the feedback."""
    return page.render("about/feedback_sent.html")


async def _count(page: Page) -> None:
    """Count what comes from one network address. Raises a 429 for more than anybody has to say."""
    async with page.state.database.transaction() as tx:
        allowed = await allows(tx, page.state.vault, "feedback_from_address", network(page), page.now)
    if not allowed:
        seconds = int(LIMITS["feedback_from_address"].within.total_seconds())
        raise too_many("Too much feedback has come from your network address. Go on later.", seconds)


def _form_page(page: Page, *, status: int = 200, failed: bool = False) -> Response:
    return page.render("about/feedback.html", status=status, topics=TOPICS, longest=LONGEST, failed=failed)


def _read(page: Page) -> tuple[str, str, str]:
    """Topic, message and address of the form; what is wrong with them is said in it."""
    form, message, answer_to = page.form, "", ""
    topic = form.text("topic")
    if topic not in TOPICS:
        form.refuse("topic", page.t("feedback.topic.missing"))
    try:
        message = prose_of(LONGEST).apply(form.text("message"))
    except ValueError:
        wrong = "feedback.message.long" if len(form.text("message")) > LONGEST else "feedback.message.missing"
        form.refuse("message", page.t(wrong, longest=LONGEST))
    if contains_code(message):
        form.refuse("message", page.t("feedback.message.identity_code"))
    if form.text("email"):
        try:
            answer_to = clean_address(form.text("email"))
        except ValueError:
            form.refuse("email", page.t("feedback.email.wrong"))
    return topic, message, answer_to


def _mail_id(form: Form) -> UUID:
    """The same for the same form, however often it is sent."""
    try:
        return UUID(form.key)
    except ValueError:
        return new_id()
