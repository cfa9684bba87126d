"""What APIs answer and are sent, as it goes through pages: JSON as it is."""

from typing import Any

JSON = dict[str, Any]
