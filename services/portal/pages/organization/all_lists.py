"""What is done to all lists of a form at once, as its record describes them."""

from services.portal.pages.forms import Form
from services.portal.pages.organization.kinds import Kind, Record, Rows
from services.portal.pages.organization.rows import is_empty, renumber, rows_of, under
from shared.problems import malformed


def refuse_too_many(form: Form, record: Record, name: str = "") -> None:
    """Raise a 400 for more rows than a list may have, before anything is done with any of them."""
    for field_name, kind in record.fields.items():
        place = under(name, field_name)
        if isinstance(kind, Rows):
            rows = rows_of(form, place)
            if len(rows) > kind.most:
                raise malformed(f"The form has more than {kind.most} rows of one kind. Go back and send it again.")
            for row in rows:
                refuse_too_many(form, kind.record, row)
        elif isinstance(kind, Record):
            refuse_too_many(form, kind, place)


def most_of(record: Record, name: str) -> int | None:
    """How many rows the list at that place in a form may have; None where there is no such list."""
    kind: Kind | None = record
    for part in name.split("."):
        if isinstance(kind, Rows):
            kind = kind.record
        elif isinstance(kind, Record):
            kind = kind.fields.get(part)
        else:
            return None
    return kind.most if isinstance(kind, Rows) else None


def tidy(form: Form, record: Record, name: str = "") -> None:
    """Take away rows with nothing in them, and number the others anew, so that the API counts them alike."""
    for field_name, kind in record.fields.items():
        place = under(name, field_name)
        if isinstance(kind, Rows):
            kept = [row for row in rows_of(form, place) if not is_empty(form, row, kind.quiet)]
            renumber(form, place, kept)
            for row in rows_of(form, place):
                tidy(form, kind.record, row)
        elif isinstance(kind, Record):
            tidy(form, kind, place)
