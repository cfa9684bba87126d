"""Sign-ins are counted by their way, and steps that come to nothing by which step it was."""

from tests.builders import small_town
from tests.events.backbone import counted
from tests.platform import Platform
from tests.portal.entering import ask, browser, come_back, enrol, prove_mail

ADVISER = "adviser@navigaattori.example"


def sign_ins(way: str) -> float:
    return counted("luotsi_sign_ins_total", way=way)


def refusals(step: str) -> float:
    return counted("luotsi_sign_in_refusals_total", step=step)


async def test_ways_and_wrong_steps_are_counted(platform: Platform) -> None:
    await small_town(platform)
    before = sign_ins("mail"), refusals("mail_code"), refusals("app_code"), refusals("recovery_code")
    async with browser(platform) as first:
        phone = await enrol(platform, first, ADVISER)
    assert sign_ins("mail") == before[0] + 1
    async with browser(platform) as again:
        await ask(again, ADVISER)
        await again.post("/sign-in/code", data={"code": "AAAA-AAAA"})
        assert refusals("mail_code") == before[1] + 1
    async with browser(platform) as third:
        await prove_mail(platform, third, ADVISER)
        await third.post("/sign-in/second", data={"code": "000000"})
        assert refusals("app_code") == before[2] + 1
        await third.post("/sign-in/recovery", data={"code": "none"})
        assert refusals("recovery_code") == before[3] + 1
    async with browser(platform) as last:
        await come_back(platform, last, ADVISER, phone)
    assert sign_ins("mail") == before[0] + 2
