"""The console's files: how they are served, how large they are, and that every sentence has its Norwegian."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from app.settings import Settings
from tests.access.deployments import deployed

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "app" / "console"
OURS = sorted(CONSOLE.glob("*.js"))
# tables of words that are looked up by a value of the API
TABLES = {
    "kit.js": ("STATUS", "SAID", "REASONS", "LABELS"),
    "wizard.js": ("TITLES",),
    "connection.js": ("MISSING",),
    "shell.js": ("NAV",),
    "admin.js": ("TABS",),
    "source.js": ("KINDS",),
}


def sentences() -> Iterator[str]:
    """Every English sentence that people may see."""
    for path in OURS:
        text = path.read_text()
        yield from re.findall(r"\bt\('((?:[^'\\]|\\.)*)'", text)
        for one, other in re.findall(r"\bmany\([^']*?'([^']*)', '([^']*)'", text):
            yield from (one, other)
        for name in TABLES.get(path.name, ()):
            table = re.search(rf"const {name} = [\[{{](.*?)\n?[\]}}];\n", text, re.DOTALL)
            assert table is not None, name
            yield from (word for word in re.findall(r"'([^']*)'", table[1]) if _is_words(word))


def _is_words(text: str) -> bool:
    return bool(re.match(r"[A-Z].* |[A-Z][a-z]", text)) or " " in text


def test_every_sentence_has_its_norwegian() -> None:
    words = json.loads((CONSOLE / "nb.json").read_text())
    wanted = {one for one in sentences() if re.search("[A-Za-z]", one)}
    assert sorted(wanted - words.keys()) == []
    for english, norwegian in words.items():
        assert norwegian, english
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", norwegian)), english


def test_city_is_no_postal_code() -> None:
    """S55: the Norwegian of the seed calls CT a postal code."""
    words = json.loads((CONSOLE / "nb.json").read_text())
    assert words["City"] == "Poststed"
    assert words["Postal code / ZIP code"] == "Postnummer"


def test_sizes() -> None:
    """Ours, vendored, style: what a browser has to read for a screen."""
    sizes = {path.name: path.stat().st_size for path in OURS}
    always = sizes.pop("kit.js") + sizes.pop("shell.js")
    assert always + max(sizes.values()) <= 80_000
    assert (CONSOLE / "vendor" / "preact.js").stat().st_size <= 40_000
    assert (CONSOLE / "style.css").stat().st_size <= 15_000


def test_what_is_vendored_is_what_was_looked_at() -> None:
    """Made by app/console/vendoring.py of packages that are pinned by their hashes."""
    found = hashlib.sha256((CONSOLE / "vendor" / "preact.js").read_bytes()).hexdigest()
    assert found == "c745c3ab3be77fc19701bbe15cba2813177a1ddcfec8b7e44d107846bae369b5"
    assert (CONSOLE / "vendor" / "LICENSES.txt").read_text().count("MIT") >= 3


def test_no_markup_is_made_of_text() -> None:
    """Names are shown and not obeyed: nothing goes around Preact, and nothing inline needs a policy."""
    for path in OURS:
        text = path.read_text()
        for word in ("innerHTML", "dangerouslySetInnerHTML", "eval(", "document.write", "<script"):
            assert word not in text, (path.name, word)
    page = (CONSOLE / "index.html").read_text()
    assert not re.search(r"<script>|style=|onclick", page)


async def test_how_they_are_served(api: httpx.AsyncClient) -> None:
    page = await api.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "trusted-types 'none'", "form-action"):
        assert part in policy
    assert "unsafe" not in policy
    script = await api.get("/console/shell.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "no-cache"
    again = await api.get("/console/shell.js", headers={"If-None-Match": script.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for missing in ("/console/nothing.js", "/console/../settings.py", "/console/serving.py"):
        answer = await api.get(missing)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await api.get("/v1/me")).headers["cache-control"] == "no-store"


async def test_it_can_be_left_out(make_settings: Callable[..., Settings]) -> None:
    async with deployed(make_settings(console="off")) as api:
        page = await api.get("/")
        assert page.status_code == 200
        assert "/docs" in page.text
        assert "script" not in page.text
        assert (await api.get("/console/shell.js")).status_code == 404
        assert (await api.get("/v1/sign-in")).json()["features"]["console"] is False
