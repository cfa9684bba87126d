"""`luotsi mail`: trying the mail server, seeing what fails, and trying it again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

import aiosmtplib
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target
from services.notifications.domain.failures import in_short
from services.notifications.use_cases.deliveries import retry_now
from shared.clock import utc_now
from shared.database.connections import Database
from shared.mail.addresses import in_ascii, sender_of
from shared.mail.mailer import smtp_mailer
from shared.mail.settings import OutgoingMail
from shared.mail.smtp import EncryptionFailed, MailRefused
from shared.secret_files import secret_settings

app = typer.Typer(no_args_is_help=True)

GIVEN_UP_DAYS: Final = 3
_LISTED: Final = """
SELECT d.id, d.status, d.attempts, d.last_error, d.next_attempt_at, n.created_at
FROM deliveries AS d JOIN notices AS n ON n.id = d.notice_id
WHERE d.status = 'failed'
OR (d.status IN ('exhausted', 'bounced') AND n.created_at > now() - make_interval(days => :days))
ORDER BY d.status, n.created_at LIMIT 200
"""
_TEXT: Final = (
    "This is a test of the mail of Luotsi. Whoever runs the platform sent it to see whether mail arrives.\n"
    "It is about nobody, and needs no answer.\n"
)


@app.command("test")
def send_test(
    address: Annotated[str, typer.Argument(help="Where the mail goes: an address of your own.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Send a mail by the settings of this environment, as a service does; exit code 1 with the reason if it fails."""
    try:
        to, settings = in_ascii(address), OutgoingMail.model_validate(secret_settings())
    except ValidationError as error:
        raise PlatformError("; ".join(fault["msg"] for fault in error.errors(include_url=False))) from None
    except ValueError as error:
        raise PlatformError(str(error)) from None
    if not settings.smtp_url.get_secret_value():
        kept = find_target(data).platform.get("mail_dir") or settings.mail_dir
        raise PlatformError(f"no mail server is set (SMTP_URL): mail is kept in {kept}, and reaches nobody")
    print(asyncio.run(_sent(settings, to)))


@app.command("list")
def list_failing(
    days: Annotated[int, typer.Option(help="How far back what was given up is shown.")] = GIVEN_UP_DAYS,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show mail that failed and is tried again, and what was given up: why, and without whose it is."""
    table = Table("delivery", "stands", "attempts", "since", "again at", "why")
    for row in asyncio.run(_listed(find_target(data), days)):
        again = f"{row.next_attempt_at:%Y-%m-%d %H:%M}" if row.next_attempt_at else ""
        since = f"{row.created_at:%Y-%m-%d %H:%M}"
        table.add_row(str(row.id), row.status, str(row.attempts), since, again, in_short(row.last_error))
    Console().print(table)


@app.command()
def retry(
    ids: Annotated[
        list[UUID] | None, typer.Argument(metavar="[ID]...", help="As `luotsi mail list` shows them.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that failed, and what was given up within --days.")
    ] = False,
    days: Annotated[int, typer.Option(help="How far back what was given up is tried again.")] = GIVEN_UP_DAYS,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Have mail sent now that failed: the next attempt is made at once. What was given up begins anew."""
    if bool(ids) == everything:
        raise PlatformError("say which: ids as `luotsi mail list` shows them, or --all")
    count = asyncio.run(_retried(find_target(data), ids or None, days))
    print(f"{count} {'is' if count == 1 else 'are'} tried now")
    if ids and count < len(ids):
        raise PlatformError("the others do not fail, or are under way just now: `luotsi mail list`")


async def _sent(settings: OutgoingMail, to: str) -> str:
    """What to say of a mail that was sent. PlatformError with the reason when it could not be."""
    mailer, sender = smtp_mailer(settings), sender_of(settings.mail_from)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender.header, to, "Luotsi: test"
    message["Date"], message["Message-ID"] = format_datetime(utc_now()), f"<test-{uuid4()}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT)
    try:
        await mailer.send(uuid4(), message)
    except MailRefused as refusal:
        raise PlatformError(f"{mailer.server} refuses it for good: {refusal}") from None
    except EncryptionFailed as failure:
        raise PlatformError(f"{mailer.server}: {failure}") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise PlatformError(f"{mailer.server}: {type(error).__name__}: {error}") from None
    return f"{mailer.server} has taken it: whether it arrives, {to} shows"


async def _listed(target: Target, days: int) -> Sequence[Any]:
    database = Database(target.database_url("notifications"), pool_size=1)
    try:
        async with database.transaction() as tx:
            return (await tx.execute(text(_LISTED), {"days": days})).all()
    finally:
        await database.close()


async def _retried(target: Target, ids: list[UUID] | None, days: int) -> int:
    database = Database(target.database_url("notifications"), pool_size=1)
    now = utc_now()
    try:
        async with database.transaction() as tx:
            return await retry_now(tx, ids, now - timedelta(days=days), now)
    finally:
        await database.close()
