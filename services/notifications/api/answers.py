"""Rows turned into what callers see."""

from services.notifications.domain.wording import About, AboutOrganization
from services.notifications.schemas.deliveries import DeliveryView
from services.notifications.schemas.notices import NoticeView
from services.notifications.schemas.preferences import PreferenceView
from services.notifications.tables import Delivery, Notice, Preference
from services.notifications.texts import link_to, notice_texts, one_line


def notice_view(notice: Notice, language: str, public_url: str) -> NoticeView:
    """A notice in `language` (fi, sv, en)."""
    about = notice.facts
    texts = notice_texts(notice.event_type, about, language)
    of_referral = about if isinstance(about, About) else None
    return NoticeView(
        id=notice.id,
        referral_id=notice.referral_id,
        reference=notice.reference,
        event_type=notice.event_type,
        title=texts.title,
        body=texts.body,
        status=of_referral.status if of_referral else None,
        service=one_line(of_referral.service, language) if of_referral else None,
        source_organization=one_line(of_referral.source, language) if of_referral else None,
        target_organization=one_line(of_referral.target, language) if of_referral else None,
        organization=one_line(about.organization, language) if isinstance(about, AboutOrganization) else None,
        link=link_to(public_url, notice.referral_id, about),
        created_at=notice.created_at,
        seen_at=notice.seen_at,
    )


def preference_view(preference: Preference, account_language: str) -> PreferenceView:
    """A member's choices."""
    return PreferenceView.model_validate(
        {"email": preference.email, "language": preference.language, "account_language": account_language}
    )


def delivery_view(delivery: Delivery, notice: Notice) -> DeliveryView:
    """A delivery with what its notice is about."""
    shown = notice.model_dump(include={"referral_id", "reference", "event_id", "event_type", "created_at", "seen_at"})
    return DeliveryView.model_validate(
        {**delivery.model_dump(exclude={"version", "message_id"}), **shown, "member_id": notice.recipient_member_id}
    )
