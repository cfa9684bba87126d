"""The `.env` of a compose deployment, read as compose reads it, and changed without a scratch on its other lines."""

import os
from collections.abc import Mapping
from pathlib import Path

from luotsi.platform.data_dir import write_private
from luotsi.platform.env_syntax import Assignment, BadSyntax, assignments
from luotsi.platform.process import PlatformError


class EnvFile:
    """One such file. `environment` is where compose looks for variables inside of values first.

    Raises PlatformError when the file is not there, or compose would refuse it.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._path = path.resolve()  # what a link leads to is written, and the link stays
        self._shown = path
        self._environment = environment
        try:
            # What is no UTF-8 is kept as it is: it stands in comments, or is refused elsewhere.
            written = self._path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise PlatformError(f"{path} cannot be read: {error.strerror}") from None
        self._line_end = "\r\n" if "\r\n" in written else "\n"
        self._mark = "\ufeff" if written.startswith("\ufeff") else ""
        self._text = written.removeprefix("\ufeff").replace("\r\n", "\n")
        self._known = self._read(self._text)

    @property
    def values(self) -> dict[str, str]:
        """Every variable that the file names, with its value; empty where the file leaves that to the environment."""
        return {name: assignment.value or "" for name, assignment in self._known.items()}

    def write(self, changes: Mapping[str, str]) -> None:
        """Change these variables, or add them at the end; whole or not at all, and only for the owner to read."""
        text = self._text
        added = [name for name in changes if name not in self._known]
        there = [self._known[name] for name in changes if name in self._known]
        for old in sorted(there, key=lambda each: each.start, reverse=True):
            rest = text[old.end :]
            alone = not rest.partition("\n")[0].partition(" #")[0].strip()
            text = text[: old.start] + _line(old.name, changes[old.name], quoted=not alone) + rest
        if added and text[-1:] not in ("", "\n"):
            text += "\n"
        text += "".join(_line(name, changes[name]) + "\n" for name in added)
        known = self._read(text)
        if wrong := [name for name, value in changes.items() if known[name].value != value]:
            raise PlatformError(f"{self._shown} cannot hold the value of {', '.join(wrong)}")
        owner = self._path.stat()
        write_private(self._path, self._mark + text.replace("\n", self._line_end))
        if os.geteuid() == 0:
            os.chown(self._path, owner.st_uid, owner.st_gid)
        self._text, self._known = text, known

    def _read(self, text: str) -> dict[str, Assignment]:
        try:
            return {each.name: each for each in assignments(text, self._environment)}
        except BadSyntax as error:
            raise PlatformError(
                f"{self._shown}, line {error.line}: {error}. Docker compose would not read it either: mend that line"
            ) from None


def _line(name: str, value: str, *, quoted: bool = False) -> str:
    """An assignment; in single quotes, which keep it as it is, where compose would read something else into it."""
    plain = value.isascii() and all(letter.isalnum() or letter in "_-=.:/@+," for letter in value)
    escaped = value.replace("'", "\\'")
    return f"{name}={value}" if plain and not quoted else f"{name}='{escaped}'"
