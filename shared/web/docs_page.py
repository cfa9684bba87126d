"""The `/docs` page: Swagger UI out of a package, so that reading it asks no server but this one."""

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_ASSETS = "/docs/assets"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def add_docs_page(app: FastAPI, prefix: str) -> None:
    """Add `/docs` and what it loads; `prefix` is where the edge serves this application."""
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_swagger", "resources")]), name="docs-assets")
    page = get_swagger_ui_html(
        openapi_url=f"{prefix}/openapi.json",
        title=app.title,
        swagger_js_url=f"{prefix}{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{prefix}{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{prefix}{_ASSETS}/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": False, "validatorUrl": None},
    )
    headers = {"Content-Security-Policy": _policy(bytes(page.body))}

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page.body, headers=headers)


def _policy(page: bytes) -> str:
    """What the page may load and run: files of this server, its own script, images that its style sheet brings."""
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(page)]
    own = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {own}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
