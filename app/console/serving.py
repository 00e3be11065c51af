"""The console's files under a policy that lets them load each other and nothing else.

Files are asked for again each time and answered 304 while they are the same, so a new release is seen
at once. A file that is missing is 404 and never the page (a script that is HTML explains nothing).
The page brings its words along, in the language and the colours that its reader chose: nothing is drawn
twice, and nothing waits for one more request.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from app.errors import NotFound

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# by name: what the machine thinks of .js differs (Windows says text/plain)
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
# by what browsers call them: both ways of writing Norwegian read the one there is
_LANGUAGES = {"en": "en", "nb": "nb", "no": "nb", "nn": "nb"}
_HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
_WITHOUT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Audience Export</title>
<h1>Audience Export</h1>
<p>The service runs; its console is switched off here (<code>CONSOLE=off</code>).</p>
<ul>
<li><a href="/docs">The API, to read and to try</a></li>
<li><a href="/openapi.json">Its OpenAPI document</a></li>
<li><a href="/readyz">Is it ready?</a></li>
</ul></html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is answered."""

    content: bytes
    media_type: str
    etag: str


def install_console(app: FastAPI, *, enabled: bool) -> None:
    """Answer `/`, and the console's files below `/console/`."""
    router = APIRouter(include_in_schema=False)
    assets = _assets() if enabled else {}
    pages: dict[tuple[str, str], Asset] = {}

    @router.get("/")
    async def page(request: Request) -> Response:
        if not enabled:
            return HTMLResponse(_WITHOUT)
        wanted = _language(request), _colours(request)
        if wanted not in pages:
            pages[wanted] = _page(assets, *wanted)
        answer = _answer(request, pages[wanted])
        answer.headers["Vary"] = "Accept-Language, Cookie"
        return answer

    @router.get("/console/{name:path}")
    async def asset(name: str, request: Request) -> Response:
        found = assets.get(name)
        if found is None or name == "index.html":
            raise NotFound
        return _answer(request, found)

    app.include_router(router)


def _language(request: Request) -> str:
    """What somebody chose, else the first of the browser's languages that the console speaks."""
    asked = re.findall(
        r"(?:^|,)\s*([a-z]{2})", ",".join(request.headers.getlist("Accept-Language")).lower()
    )
    for code in (request.cookies.get("language", ""), *asked):
        if code in _LANGUAGES:
            return _LANGUAGES[code]
    return "en"


def _colours(request: Request) -> str:
    chosen = request.cookies.get("theme")
    return chosen if chosen in {"light", "dark"} else "system"


def _page(assets: Mapping[str, Asset], language: str, colours: str) -> Asset:
    """The page in this language. Its words are data in a script element, in which `<` has to be escaped."""
    page = assets["index.html"].content.decode()
    words = assets[f"{language}.json"].content.decode().replace("<", "\\u003c")
    page = page.replace(
        'lang="en" data-theme="system"', f'lang="{language}" data-theme="{colours}"'
    )
    page = page.replace('type="application/json">', f'type="application/json">{words}')
    return _asset(page.encode(), _TYPES["html"])


def _answer(request: Request, asset: Asset) -> Response:
    headers = {**_HEADERS, "ETag": asset.etag}
    if asset.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


def _assets() -> dict[str, Asset]:
    """Every file that a browser may ask for, by its name below this folder."""
    root = files(__package__)
    found = {}
    for folder in ("", "vendor"):
        for entry in (root / folder if folder else root).iterdir():
            media_type = _TYPES.get(entry.name.rpartition(".")[2])
            if media_type is None or not entry.is_file():
                continue
            name = f"{folder}/{entry.name}" if folder else entry.name
            found[name] = _asset(entry.read_bytes(), media_type)
    return found


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content, media_type, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"')
