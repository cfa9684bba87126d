"""What the rules say no to."""


class RuleBroken(Exception):
    """A change that a rule does not allow. `detail` says why and what to do; `field` names what is at fault."""

    def __init__(self, detail: str, field: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
