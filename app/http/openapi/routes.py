"""The OpenAPI document as it is published, and its page, whose assets are served from here."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from app.http.openapi.document import finish

_ASSETS = "/docs/assets"
# no script but those of this service may run where people are signed in
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; frame-ancestors 'none'"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{_ASSETS}/swagger-ui.css">
<link rel="icon" href="data:,">
<title>Audience Export: the API</title>
</head>
<body>
<div id="swagger-ui"></div>
<script src="{_ASSETS}/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
"""


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
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY})

    script = (files(__package__) / "docs.js").read_bytes()

    @app.get("/docs/page.js", include_in_schema=False)
    async def page_script() -> Response:
        return Response(script, media_type="text/javascript; charset=utf-8")

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
