"""Runs inside an image, with its own Python and nothing else: prints as JSON what is installed there."""

import json
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path


def found() -> dict[str, object]:
    """Debian's packages, Python, PostgreSQL's programs, and the wheels with what they say of their licence."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {
        "distribution": f"{release['ID']}-{release['VERSION_ID']}".replace('"', ""),
        "status": Path("/var/lib/dpkg/status").read_text(encoding="utf-8"),
        "python": platform.python_version(),
        "pg_dump": subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=True).stdout,
        "wheels": {
            wheel.name: {
                "Version": wheel.version,
                **{name: wheel.metadata[name] for name in ("License-Expression", "License") if name in wheel.metadata},
                "Classifier": wheel.metadata.get_all("Classifier", []),
            }
            for wheel in distributions()
        },
    }


if __name__ == "__main__":
    print(json.dumps(found()))
