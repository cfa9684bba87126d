"""What the desk will see of a referral that is being written: before it accepts, and after."""

from collections.abc import Mapping

from services.portal import texts
from services.portal.pages.forms import Form
from services.portal.pages.page import Page
from services.portal.pages.refer import fields


def desk_sees(form: Form, names: Mapping[str, str], page: Page) -> dict[str, list[dict[str, str]]]:
    """What the desk reads before it accepts, and what it learns when it does, with the form's own words."""
    t, spoken = page.t, form.text("client.language")

    def typed(name: str) -> str:
        return "" if form.error(name) else form.text(name)  # what was not accepted reaches nobody

    urgency = t("refer.desk.urgent") if form.checked("urgency") else t("refer.desk.routine")
    interpreter = t("refer.desk.yes") if form.checked("client.interpreter") else t("refer.desk.no")
    via = t("refer.desk.via_adviser") if form.checked("client.contact_via") else t("refer.desk.via_client")
    company = form.text("client.kind") == "company"
    before = [
        (t("refer.desk.service"), names["service"]),
        (t("refer.desk.from"), texts.name(page.account.organization_name, page.language)),
        (t("refer.client.language"), texts.language_name(spoken, page.language) if spoken else ""),
        (t("refer.desk.urgency"), urgency),
        (t("refer.shareable_note"), typed("shareable_note")),
    ]
    after = [
        (t("refer.client.name"), typed("client.name") or t("refer.desk.unnamed")),
        (t("refer.client.business_id"), typed("client.business_id") if company else ""),
        (t("refer.client.phone"), typed("client.phone")),
        (t("refer.client.email"), typed("client.email")),
        (t("refer.desk.reached"), via),
        (t("refer.client.interpreter"), interpreter),
        (t("refer.reason"), typed("reason")),
        (
            t("refer.allows.title"),
            texts.of_code("refer.allows", form.text(fields.ALLOWS), page.language) if form.text(fields.ALLOWS) else "",
        ),
    ]
    return {"before": _named(before), "after": _named(after)}


def _named(items: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]
