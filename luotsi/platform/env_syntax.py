"""How docker compose reads a `.env`: a line, a value, and the variables in a value.

`python-dotenv` reads such files too, but not as compose does: it passes over `NAME: value`, two variables in a line,
`$NAME` and `${NAME-default}`, so that a secret which compose knows would seem to be missing. A test compares this
module with `docker compose config`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_SPACE: Final = "\t\v\f\r \x85\xa0"
_EXPORT: Final = re.compile(r"export\s+")
_ESCAPE: Final = re.compile(r"\\([abfnrtv\"\\$])")
_ESCAPED: Final = dict(zip('abfnrtv"\\$', [*"\a\b\f\n\r\t\v", '"', "\\", "$$"], strict=True))
_VARIABLE: Final = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>[A-Za-z_]\w*)|(?P<brace>\{))", re.ASCII)
_BRACED: Final = re.compile(r"([A-Za-z_]\w*)(?:(:?[-+?])(.*))?", re.ASCII | re.DOTALL)

Lookup = Callable[[str], str | None]


class BadSyntax(ValueError):
    """Compose would refuse the text as well. `line` is where, counted from 1."""

    def __init__(self, text: str, at: int, what: str) -> None:
        super().__init__(what)
        self.line = text.count("\n", 0, at) + 1


@dataclass(frozen=True)
class Assignment:
    """One variable of a text: its name, its value (None where it is taken from outside), and where both stand."""

    name: str
    value: str | None
    start: int
    end: int


def assignments(text: str, environment: Mapping[str, str]) -> Iterator[Assignment]:
    """All that a text sets, in its order; a later one of the same name wins.

    Line ends are `\\n` alone. Variables inside of values are looked for in `environment` first, then in the text above.
    Raises BadSyntax.
    """
    at, known = 0, dict[str, str]()

    def lookup(name: str) -> str | None:
        return environment.get(name, known.get(name))

    while (at := _next_statement(text, at)) < len(text):
        found, at = _assignment(text, at, lookup)
        if found.value is not None:
            known[found.name] = found.value
        yield found


def _next_statement(text: str, at: int) -> int:
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "#":
            at = _line_end(text, at)
        else:
            break
    return at


def _assignment(text: str, at: int, lookup: Lookup) -> tuple[Assignment, int]:
    """The assignment that begins at `at`, and where the text goes on."""
    if export := _EXPORT.match(text, at):
        at = export.end()
    end = at
    while end < len(text) and text[end] not in "=:\n":
        if not (text[end].isalnum() or text[end] in "_.-[]" or text[end].isspace()):
            raise BadSyntax(text, end, f"{text[end]!r} is no letter of a name")
        end += 1
    name = text[at:end].rstrip()
    if not name or " " in name or end == len(text):
        raise BadSyntax(text, at, f"{name!r} is no name of a variable, or has no value")
    if text[end] == "\n":
        return Assignment(name, lookup(name), at, at + len(name)), end
    value = end + 1
    while value < len(text) and text[value] in _SPACE:
        value += 1
    read, end = (_quoted if text[value : value + 1] in ("'", '"') else _bare)(text, value, lookup)
    return Assignment(name, read, at, end), end


def _bare(text: str, at: int, lookup: Lookup) -> tuple[str, int]:
    value = text[at : _line_end(text, at)].partition(" #")[0].rstrip()
    return _expanded(text, at, value, lookup), at + len(value)


def _quoted(text: str, at: int, lookup: Lookup) -> tuple[str, int]:
    quote, end = text[at], at + 1
    while text[end : end + 1] != quote:
        if end >= len(text):
            raise BadSyntax(text, at, f"a value that begins with {quote} does not end")
        end += 2 if text[end] == "\\" else 1
    inside = text[at + 1 : end]
    if quote == "'":
        return inside.replace("\\'", "'"), end + 1
    unescaped = _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], inside)
    return _expanded(text, at, unescaped, lookup), end + 1


def _expanded(text: str, at: int, value: str, lookup: Lookup) -> str:
    """The value with its variables filled in."""
    parts, done = [], 0
    while match := _VARIABLE.search(value, done):
        parts.append(value[done : match.start()])
        done = match.end()
        if match["dollar"]:
            parts.append("$")
        elif match["name"]:
            parts.append(lookup(match["name"]) or "")
        else:
            done = _closing(value, done)
            braced = _BRACED.fullmatch(value[match.end() : done - 1]) if done else None
            if braced is None:
                raise BadSyntax(text, at, f"{value[match.start() :]!r} is no variable")
            name, operator, words = braced.groups()
            parts.append(_braced(text, at, name, operator, words, lookup))
    return "".join([*parts, value[done:]])


def _closing(value: str, at: int) -> int:
    """Where what follows a brace begins, when `at` is inside of it; 0 when it does not end."""
    depth = 1
    for here in range(at, len(value)):
        depth += {"{": 1, "}": -1}.get(value[here], 0)
        if depth == 0:
            return here + 1
    return 0


def _braced(text: str, at: int, name: str, operator: str | None, words: str | None, lookup: Lookup) -> str:
    found = lookup(name)
    there = bool(found) if operator and operator[0] == ":" else found is not None
    match (operator or "")[-1:]:
        case "-" if not there:
            return _expanded(text, at, words or "", lookup)
        case "+":
            return _expanded(text, at, words or "", lookup) if there else ""
        case "?" if not there:
            raise BadSyntax(text, at, f"{name} is not set: {words}")
    return found or ""


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
