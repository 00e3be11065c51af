"""The OpenAPI document as it is published, and its page, whose assets are served from here."""

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from app.http.document import finish

_ASSETS = "/docs/assets"
# the page has a script of its own, known by its hash: no other may run where people are signed in
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' {scripts}; frame-ancestors 'none'"
)
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def install_documents(
    app: FastAPI, *, servers: list[dict[str, Any]], cookie: str, oidc: str | None
) -> None:
    """Add `/docs`, and put `/openapi.json` in order (see `finish`)."""
    spec = find_spec("fastapi_offline")
    assert spec is not None
    assert spec.origin is not None
    app.mount(_ASSETS, StaticFiles(directory=Path(spec.origin).parent / "static"), name="assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url="data:,",
        )
        digests = [hashlib.sha256(text).digest() for text in _INLINE.findall(bytes(page.body))]
        scripts = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)
        page.headers["Content-Security-Policy"] = _PAGE_POLICY.format(scripts=scripts)
        return page

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = finish(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    description=app.description,
                    routes=app.routes,
                    webhooks=app.webhooks.routes,
                    tags=app.openapi_tags,
                    license_info=app.license_info,
                ),
                servers=servers,
                cookie=cookie,
                oidc=oidc,
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
