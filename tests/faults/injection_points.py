"""The named moments at which a process may kill itself, and the files through which the rig tells it to.

A moment is armed for one process by a file that holds a countdown. Every time the process passes the moment it
counts down; at zero it writes the moment into the file of hits and kills itself with SIGKILL.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

POINTS: Final[dict[str, tuple[str, ...]]] = {
    "request before commit": ("referral-web", "catalog-web"),
    "request after commit": ("referral-web", "catalog-web"),
    "creation before commit": ("referral-web",),
    "relay before XADD": ("referral-worker", "catalog-worker", "notifications-worker"),
    "relay after XADD, before mark": ("referral-worker", "catalog-worker", "notifications-worker"),
    "relay after mark": ("referral-worker", "catalog-worker", "notifications-worker"),
    "consumer before inbox commit": ("referral-worker", "notifications-worker"),
    "consumer after inbox commit": ("referral-worker", "notifications-worker"),
    "consumer before XACK": ("referral-worker", "notifications-worker"),
    "consumer after XACK": ("referral-worker", "notifications-worker"),
    "mail before SMTP": ("notifications-worker",),
    "mail after SMTP accepted, before mark": ("notifications-worker",),
}
"""Moment → the processes that pass it."""


@dataclass(frozen=True)
class Points:
    """The moments of one run; `folder` is shared by the rig and the processes."""

    folder: Path

    def arm(self, process: str, point: str, countdown: int) -> None:
        """From now on, the `countdown`-th time that `process` passes `point` is its last moment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self._armed(process).with_suffix(".new")
        draft.write_text(f"{countdown} {point}")
        draft.replace(self._armed(process))

    def disarm(self, process: str) -> None:
        """Forget what `process` was armed with."""
        self._armed(process).unlink(missing_ok=True)

    def is_armed(self, process: str) -> bool:
        """Whether `process` has not come to its moment yet."""
        return self._armed(process).exists()

    def hits(self) -> dict[str, int]:
        """How often each moment was some process's last."""
        file = self.folder / "hits"
        lines = file.read_text().splitlines() if file.exists() else []
        return {point: lines.count(point) for point in POINTS}

    def passed(self, process: str, point: str) -> None:
        """Called by `process` itself at the moment `point`: perhaps it ends here."""
        try:
            countdown, _, armed = self._armed(process).read_text().partition(" ")
        except FileNotFoundError:
            return None
        if armed != point:
            return None
        if int(countdown) > 1:
            return self.arm(process, point, int(countdown) - 1)
        self.disarm(process)
        with (self.folder / "hits").open("a") as hits:
            hits.write(f"{point}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def _armed(self, process: str) -> Path:
        return self.folder / f"{process}.armed"
