"""Who may act: the one place that says so, as a condition in SQL, for the catalogue's rows and for copies of them."""

from sqlalchemy import ColumnElement, SQLColumnExpression, and_


def may_act(
    member_active: SQLColumnExpression[bool], organization_active: SQLColumnExpression[bool]
) -> ColumnElement[bool]:
    """Whether a member may act: the member is active, and so is the organisation.

    Tokens, open streams and the choice of whom to tell all ask this. The arguments are the columns `active` of the
    member's row and of its organisation's. A further reason to refuse is a further argument: no query can miss it then.
    """
    return and_(member_active, organization_active)
