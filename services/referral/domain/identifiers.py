"""What a client is found again by, in a form in which two ways of writing the same come out alike."""

from typing import Final

from shared.values.email_addresses import same_address
from shared.values.folding import fold, name_key, name_keys
from shared.values.telephones import readable, same_number

FIELDS: Final = ("name", "email", "phone", "business_id")

FORM: Final = 2
"""Which rules made a client's normal forms. To be raised with a change of them: workers then make them anew."""


def normalise(field: str, value: str) -> str:
    """`value` of one of FIELDS in its normal form; empty when nothing is left of it.

    Names are folded, telephone numbers become international with Finland as the home country, of e-mail addresses
    there is one spelling, and business ids keep digits only.
    """
    return {"name": name_key, "email": same_address, "phone": same_number, "business_id": _digits}[field](value)


def sought(field: str, value: str) -> list[str]:
    """The normal forms that what is kept may have if it is `value`: the words of a name may stand in another order."""
    forms = name_keys(value) if field == "name" else [normalise(field, value)]
    return [form for form in forms if form]


def shown(field: str, value: str) -> str:
    """`value` of one of FIELDS as it is kept and shown: telephone numbers in international form where they are some."""
    if field != "phone":
        return value
    try:
        return readable(value)
    except ValueError:
        return value  # of a version that took more


def _digits(value: str) -> str:
    return "".join(character for character in fold(value) if character.isdecimal())
