"""The console's files: how they are served, how large they are, and that every sentence has its Norwegian."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx

from app.settings import Settings
from tests.access.deployments import deployed

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "app" / "console"
OURS = sorted(CONSOLE.glob("*.js"))
DICTIONARIES = {path.stem: json.loads(path.read_text()) for path in CONSOLE.glob("??.json")}
# words that are called by a value of the API: `status.failed`
OF_CODES = re.compile(r"[a-z-]+\.")
# what looks like words in the code, and is none: classes, names of others
NO_SENTENCES = re.compile(
    r"Audience Export|Facebook Ads Manager|Norsk bokmål|English|Cron|Id|Escape|main [a-z].*|HTTP.*|"
    r"((stack|row|small|btn|card|cols|dim|soft|mono|name|sub|num|good|bad)[ a-z]*)|"
    r"((first|hint|reasons|arrow|field)[ a-z]*)"
)


def literals() -> set[str]:
    """Every text in the code that stands in quotes."""
    code = "\n".join(path.read_text() for path in OURS)
    code = re.sub(r"^\s*(//|/?\*).*$|/\*\*.*?\*/", "", code, flags=re.MULTILINE)
    return {
        one for pair in re.findall(r"'([^'\n]*)'|=\"([^\"$\n]*)\"", code) for one in pair if one
    }


def test_the_dictionaries_have_the_same_sentences() -> None:
    """Each in its own plurals, and with the same values in them."""
    english, norwegian = DICTIONARIES["en"], DICTIONARIES["nb"]
    assert list(english) == list(norwegian)
    for key in english:
        forms = [_forms(words[key]) for words in (english, norwegian)]
        assert all({"other"} <= set(form) <= {"one", "other"} for form in forms), key
        assert (
            len({frozenset(re.findall(r"{\w+}", " ".join(one.values()))) for one in forms}) == 1
        ), key
        assert all(one.strip() for form in forms for one in form.values()), key


def _forms(words: str | dict[str, str]) -> dict[str, str]:
    return {"other": words} if isinstance(words, str) else words


def test_every_sentence_of_the_code_is_in_them_and_no_other() -> None:
    keys, used = set(DICTIONARIES["en"]), literals()
    assert sorted(key for key in keys - used if not OF_CODES.match(key)) == []
    looks = re.compile(r"[A-Z“{][^<>$]* |[a-z]+ [a-z]|[A-Z][a-z]+$")
    meant = {one for one in used if looks.match(one) and not NO_SENTENCES.fullmatch(one)}
    assert sorted(meant - keys) == []


def test_every_code_of_the_api_has_its_words() -> None:
    """What the API may say is said in words, so that a new value is noticed here."""
    words = DICTIONARIES["en"]
    schemas = json.loads((ROOT / "openapi" / "openapi.json").read_text())["components"]["schemas"]
    for kind, name in (
        ("status", "RunStatus"), ("status", "ExportStatus"), ("value", "SyncMode"), ("mode", "SyncMode"),
        ("value", "KeyIdentifier"), ("value", "Trigger"), ("value", "Phase"), ("move", "Culprit"),
    ):  # fmt: skip
        assert [one for one in schemas[name]["enum"] if f"{kind}.{one}" not in words] == [], name
    kinds = schemas["SegmentCreate"]["properties"]["source"]["discriminator"]["mapping"]
    assert [one for one in kinds if f"value.{one}" not in words] == []
    keys = re.findall(r"[A-Z0-9_]{2,}", re.search(r"KEYS = \[(.*?)\]", _text("kit.js")).group(1))  # type: ignore[union-attr]
    assert [one for one in keys if f"value.{one}" not in words] == []


def _text(name: str) -> str:
    return (CONSOLE / name).read_text()


def test_city_is_no_postal_code() -> None:
    """S55: the Norwegian of the seed calls CT a postal code."""
    assert DICTIONARIES["nb"]["value.CT"] == "Poststed"
    assert DICTIONARIES["nb"]["value.ZIP"] == "Postnummer"


def test_sizes() -> None:
    """Ours, vendored, style: what there is to read, and to fetch for a screen; nothing is minified."""
    sizes = {path.name: path.stat().st_size for path in OURS}
    assert sum(sizes.values()) <= 150_000
    always = sizes.pop("kit.js") + sizes.pop("shell.js")
    assert always + max(sizes.values()) <= 70_000
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


async def test_the_page_comes_in_its_readers_language(api: httpx.AsyncClient) -> None:
    """The one that was chosen before the browser's; its words are data that end no script."""
    for headers, language in (
        ({}, "en"),
        ({"Accept-Language": "nb-NO,nb;q=0.9,en;q=0.8"}, "nb"),
        ({"Accept-Language": "nn, en"}, "nb"),
        ({"Accept-Language": "de-DE,de;q=0.9"}, "en"),
        ({"Accept-Language": "nb", "Cookie": "language=en"}, "en"),
        ({"Accept-Language": "nb", "Cookie": "language=../../etc"}, "nb"),
    ):
        page = await api.get("/", headers=headers)
        assert f'<html lang="{language}" data-theme="system">' in page.text, headers
        (words,) = re.findall(
            r'<script id="words" type="application/json">(.*?)</script>', page.text, re.DOTALL
        )
        assert json.loads(words) == DICTIONARIES[language]
        assert "<" not in words
        assert page.headers["vary"] == "Accept-Language, Cookie"
        again = await api.get("/", headers={**headers, "If-None-Match": page.headers["etag"]})
        assert again.status_code == 304
    dark = await api.get("/", headers={"Cookie": "theme=dark"})
    assert 'data-theme="dark"' in dark.text


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
