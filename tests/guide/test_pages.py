"""What the pages for people name is there: files, headings, operations, codes, settings, commands."""

import json
import re
from pathlib import Path

import pytest

from app.codes import CODES
from app.settings import Settings
from app.webhooks.events import TEST, EventType
from tests.guide.pages import PAGES, ROOT, anchors, blocks, relative_links

DOCS = [page for page in PAGES if page.name != "CHANGELOG.md"]
# names with hyphens that are no codes
OTHER_NAMES = {
    *("audience-export", "audience-export-cli", "fastapi-offline", "apache-airflow-providers-http"),
    *("webhook-id", "no-worker", "sandbox-administrator", "date-time"),
}
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in relative_links(page):
        assert path.exists(), f"{page.name} → {path}"
        if anchor:
            assert anchor in anchors(path), f"{page.name} → {path.name}#{anchor}"


def test_operations_exist() -> None:
    document = json.loads((ROOT / "openapi" / "openapi.json").read_text())
    known = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    for page in DOCS:
        for methods, path in re.findall(
            r"`((?:(?:GET|POST|PUT|PATCH|DELETE)[, ]+)+)(/v1/[^`\s]*)`", page.read_text()
        ):
            plain = re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0])
            for method in re.findall(r"[A-Z]+", methods):
                assert (method, plain) in known, f"{page.name}: {method} {path}"


def test_every_page_of_docs_is_in_its_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {path.resolve() for path, _ in relative_links(index)}
    assert {page for page in (ROOT / "docs").glob("*.md") if page != index} <= listed


def test_settings_that_are_named_exist() -> None:
    others = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    known = {name.upper() for name in Settings.model_fields} | others
    like = {name.partition("_")[0] for name in known}
    for page in DOCS:
        for name in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page.read_text()):
            if name.partition("_")[0] in like:
                assert name in known, f"{page.name}: {name}"


def test_events_are_those_that_are_sent() -> None:
    table = (ROOT / "docs" / "webhooks.md").read_text().partition("## Verifying")[0]
    named = set(re.findall(r"`((?:run|connection|audience|webhook)\.[a-z_]+)`", table))
    assert named == {*EventType, TEST}


def test_codes_that_are_named_exist() -> None:
    for page in DOCS:
        for code in re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", page.read_text()):
            assert code in CODES or code in OTHER_NAMES, f"{page.name}: {code}"


def test_a_block_says_its_language_or_is_no_program() -> None:
    for page in PAGES:
        for block in blocks(page):
            assert block.language or not re.search(r"^\$? ?(curl|import|make) ", block.code), block
