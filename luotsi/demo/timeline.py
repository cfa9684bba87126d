"""What the demo shows: the timeline as it happens, a summary, and the same as one JSON document."""

from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from luotsi.demo.mailbox import POLL_SECONDS
from luotsi.demo.platform import DemoPlatform
from luotsi.demo.record import Record, Step, Told
from shared.services import get_service

MEASURED = (
    "Milliseconds count from the moment the answer to the command was there (its change is committed before) to the "
    "moment in which the recipient's inbox, asked over HTTP, first showed the notice, and in which the mail was first "
    f"seen in its folder. Both are asked anew every {1000 * POLL_SECONDS:.0f} ms, or as soon as the last answer came; "
    "an inbox only after another tenth of the wait so far."
)


class Show:
    """Prints steps as they happen, and a summary at the end."""

    def __init__(self, console: Console, *, mail_is_read: bool) -> None:
        self._console = console
        self._mail_is_read = mail_is_read

    def begin(self, platform: DemoPlatform) -> None:
        """Where the story is played."""
        if platform.start_seconds is not None:
            self._line(f"A fresh platform is ready after {platform.start_seconds:.1f} s.\n")
        else:
            prefix = get_service("referral").prefix
            self._line(f"Playing on the platform at {platform.urls['referral'].removesuffix(prefix)}.\n")

    def step(self, step: Step, reference: str | None) -> None:
        """One step, and below it who was told of it."""
        about = (f"  {reference}", "cyan") if reference else ""
        self._line((f"{step.at:6.2f} s  ", "dim"), (step.person.email, "bold"), f"  {step.did}", about)
        for told in step.told:
            times = [("inbox", told.notice_ms)] + ([("mail", told.mail_ms)] if self._mail_is_read else [])
            after = [f"{channel}: nothing" if ms is None else f"{channel} after {ms:.0f} ms" for channel, ms in times]
            what = f"“{told.title}”" if told.title else told.expected.event_type
            person = (told.expected.person.email, "green")
            self._line(" " * 10 + "→ ", person, f"  {what}  ", (", ".join(after), "dim"))

    def end(self, record: Record) -> None:
        """The summary: checks, what is wrong, and figures."""
        checks = Table("", "\nChecked", box=None)
        for check in record.checks:
            wrong = Text("".join(f"\n{line}" for line in check.wrong), "red")
            checks.add_row("[green]holds[/]" if check.well else "[bold red]FAILS[/]", Text(check.name) + wrong)
        figures = Table("\nTold", "expected", "found", "median ms", "longest ms", box=None)
        for channel, counted in summary_of(record).items():
            figures.add_row(channel, *("-" if count is None else f"{count:.0f}" for count in counted.values()))
        self._console.print(checks, figures)
        if not record.mail_is_read:
            self._line(("Mail was not looked for: MAIL_DIR is not set.", "yellow"))
        self._line((f"\n{MEASURED}\n", "dim"))
        verdict = ("everyone concerned was told.", "green") if record.well else ("not as it should be.", "bold red")
        self._line(f"{len(record.referrals)} referrals in {record.seconds:.1f} s: ", verdict)

    def _line(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)


def summary_of(record: Record) -> dict[str, dict[str, float | None]]:
    """Expected and found notices and mails, with median and longest milliseconds."""
    notices = [told.notice_ms for told in record.told if told.notice_ms is not None]
    mails = [told.mail_ms for told in record.told if told.mail_ms is not None]
    due = len(record.expected)
    return {
        "notices": {"expected": due, "found": len(notices), **_spread(notices)},
        "mails": {"expected": due, "found": len(mails) if record.mail_is_read else None, **_spread(mails)},
    }


def _spread(milliseconds: list[float]) -> dict[str, float | None]:
    if not milliseconds:
        return {"median_ms": None, "longest_ms": None}
    return {"median_ms": round(median(milliseconds), 1), "longest_ms": round(max(milliseconds), 1)}


def as_document(platform: DemoPlatform, record: Record) -> dict[str, Any]:
    """The whole run for programs."""
    return {
        "ok": record.well,
        "platform": {
            **platform.urls,
            "own": platform.own,
            "mail_dir": str(platform.mail_dir) if platform.mail_dir else None,
            "start_seconds": platform.start_seconds and round(platform.start_seconds, 3),
        },
        "seconds": round(record.seconds, 3),
        "measured": MEASURED,
        "poll_interval_ms": 1000 * POLL_SECONDS,
        "referrals": [
            {"name": which, **{key: referral[key] for key in ("id", "reference", "status", "closed_at")}}
            for which, referral in record.referrals.items()
        ],
        "steps": [_step(step) for step in record.steps],
        "checks": [{"name": check.name, "ok": check.well, "wrong": check.wrong} for check in record.checks],
        **summary_of(record),
        "missing": record.wrong,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "at": round(step.at, 3),
        "who": step.person.email,
        "did": step.did,
        "took_ms": round(step.took_ms, 1),
        "referral": step.referral,
        "event_type": step.event_type,
        "told": [_told(told) for told in step.told],
    }


def _told(told: Told) -> dict[str, Any]:
    person = told.expected.person
    outcome = {name: round(value, 1) if isinstance(value, float) else value for name, value in asdict(told).items()}
    del outcome["expected"]
    return {"who": person.email, "language": person.language, **outcome}
