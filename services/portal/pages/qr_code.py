"""A picture that a phone reads, as part of the page: an SVG, for a picture of its own would have an address."""

import segno
from markupsafe import Markup


def qr_code(content: str) -> Markup:
    """The QR code of a text. Its colours come from the style sheet's class, its words from around it."""
    picture = segno.make(content, error="m", micro=False)
    return Markup(picture.svg_inline(scale=5, border=4, omitsize=True, svgclass="qr-code", lineclass=None))  # noqa: S704
