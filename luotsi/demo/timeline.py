"""What the demo shows: the timeline as it happens, a summary, and the same as one JSON document."""

from collections.abc import Iterable
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from luotsi.demo.mailbox import POLL_SECONDS
from luotsi.demo.people import Person
from luotsi.demo.place import Place
from luotsi.demo.record import Record, Step, Told

MEASURED = (
    "Milliseconds count from the moment the answer to the command was there (its change is committed before) to the "
    "moment in which the recipient's inbox, asked over HTTP, first showed the notice, and in which the mail was first "
    f"seen in its folder. Both are asked anew every {1000 * POLL_SECONDS:.0f} ms, or as soon as the last answer came."
)


class Show:
    """Prints steps as they happen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._mail_is_read = True

    def begin(self, place: Place) -> None:
        """Where the story is played."""
        self._mail_is_read = place.mail_dir is not None
        if place.start_seconds is not None:
            self._line(Text(f"A fresh platform is ready after {place.start_seconds:.1f} s.\n"))
        else:
            self._line(Text(f"Playing on the platform at {place.urls['referral'].removesuffix('/api/referral')}.\n"))

    def step(self, step: Step, reference: str | None) -> None:
        """One step, and below it who was told of it."""
        line = Text.assemble((f"{step.at:6.2f} s  ", "dim"), (step.person.email, "bold"), f"  {step.did}")
        if reference and step.referral:
            line.append(f"  {reference}", "cyan")
        self._line(line)
        for told in step.told:
            self._line(_told_line(told, self._mail_is_read))

    def end(self, record: Record) -> None:
        """The summary: checks, what is wrong, and figures."""
        self._line(Text())
        for check in record.checks:
            mark = ("  holds  ", "green") if check.well else ("  FAILS  ", "bold red")
            self._line(Text.assemble(mark, check.name))
            for line in check.wrong:
                self._line(Text(f"           {line}", "red"))
        self._line(Text())
        self._console.print(_figures(record))
        if not record.mail_is_read:
            self._line(Text("Mail was not looked for: MAIL_DIR is not set.", "yellow"))
        self._line(Text(f"\n{MEASURED}\n", "dim"))
        played = f"{len(record.referrals)} referrals in {record.seconds:.1f} s: "
        verdict = (
            ("everyone concerned was told.", "bold green") if record.well else ("not as it should be.", "bold red")
        )
        self._line(Text.assemble(played, verdict))

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _told_line(told: Told, mail_is_read: bool) -> Text:
    channels = [_after("inbox", told.notice_ms)]
    if mail_is_read:
        channels.append(_after("mail", told.mail_ms))
    what = f"“{told.title}”" if told.title else told.expected.event_type
    indent = " " * 10
    return Text.assemble(
        f"{indent}→ ", (told.expected.person.email, "green"), f"  {what}  ", (", ".join(channels), "dim")
    )


def _after(channel: str, milliseconds: float | None) -> str:
    return f"{channel} after {milliseconds:.0f} ms" if milliseconds is not None else f"{channel}: nothing"


def _figures(record: Record) -> Table:
    """How many were told, by person and channel, and after how many milliseconds."""
    table = Table(title="Told, and after how many milliseconds", title_justify="left", box=None, padding=(0, 1))
    table.add_column(no_wrap=True)
    for title in ("Notices", "median", "max", "Mails", "median", "max"):
        table.add_column(title, justify="right")
    people = list(dict.fromkeys(expected.person for expected in record.expected))
    for person in people:
        table.add_row(person.email, *_cells(summary_of(record, person)))
    if len(people) > 1:
        table.add_row("all", *_cells(summary_of(record)), style="bold")
    return table


def _cells(summary: dict[str, Any]) -> list[str]:
    cells = []
    for counted in summary.values():
        if counted["found"] is None:
            cells += ["-"] * 3
            continue
        cells.append(f"{counted['found']}/{counted['expected']}")
        cells += [f"{ms:.0f}" if ms is not None else "-" for ms in (counted["median_ms"], counted["longest_ms"])]
    return cells


def summary_of(record: Record, person: Person | None = None) -> dict[str, Any]:
    """Expected and found notices and mails, of one person or of all, with median and longest milliseconds."""
    expected = [each for each in record.expected if person in (None, each.person)]
    told = [each for each in record.told if each.expected in expected]
    notices = [each.notice_ms for each in told if each.notice_ms is not None]
    mails = [each.mail_ms for each in told if each.mail_ms is not None]
    return {
        "notices": {"expected": len(expected), "found": len(notices), **_spread(notices)},
        "mails": {"expected": len(expected), "found": len(mails) if record.mail_is_read else None, **_spread(mails)},
    }


def _spread(milliseconds: Iterable[float]) -> dict[str, float | None]:
    known = list(milliseconds)
    return {
        "median_ms": round(median(known), 1) if known else None,
        "longest_ms": round(max(known), 1) if known else None,
    }


def as_document(place: Place, record: Record) -> dict[str, Any]:
    """The whole run for programs."""
    return {
        "ok": record.well,
        "platform": {
            **place.urls,
            "own": place.own,
            "mail_dir": str(place.mail_dir) if place.mail_dir else None,
            "start_seconds": place.start_seconds and round(place.start_seconds, 3),
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
