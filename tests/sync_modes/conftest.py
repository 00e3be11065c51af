"""Segments a test fills and empties at will, and their audience by the people in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.exporting import Exporting, csv_of, digest


class Lists:
    """Segments of small CSV files, and audiences read as the texts their hashes are of."""

    def __init__(self, exporting: Exporting, root: Path) -> None:
        self.exporting = exporting
        self.root = root
        self.known: dict[str, str] = {}

    def fill(self, name: str, *members: Mapping[str, str] | str) -> Path:
        """Members as fields, or as an e-mail's first part."""
        rows = [
            {"email": f"{item}@example.com"} if isinstance(item, str) else dict(item)
            for item in members
        ]
        for row in rows:
            for value in row.values():
                self.known[digest(value.lower())] = value.lower()
        path = self.root / f"{name}.csv"
        path.write_text(csv_of(rows or [{"email": ""}]) if rows else "email,first_name\n")
        return path

    async def segment(self, name: str, *members: Mapping[str, str] | str) -> dict[str, Any]:
        path = self.fill(name, *members)
        return await self.exporting.segment({"kind": "file", "url": str(path)})

    async def export(
        self, *segments: Mapping[str, Any], mode: str, **changes: Any
    ) -> dict[str, Any]:
        return await self.exporting.export(*segments, sync_mode=mode, **changes)

    async def run(self, export: Mapping[str, Any]) -> dict[str, Any]:
        return await self.exporting.run(dict(export))

    def rows(self, export: Mapping[str, Any]) -> set[tuple[str, ...]]:
        """The audience's rows as texts, e-mails by their first part."""
        return {
            tuple(self.known.get(cell, cell).removesuffix("@example.com") for cell in row.values())
            for row in self.exporting.members(export)
        }

    def people(self, export: Mapping[str, Any]) -> set[str]:
        """Who is in the audience, by e-mail."""
        return {row[0] for row in self.rows(export)}

    def fault(self, kind: str, method: str = "POST", **fields: Any) -> None:
        """What the next uploads of that kind meet."""
        match = {"path": "/users$", "method": method}
        body = {"kind": kind, "match": match, "times": 1} | fields
        self.exporting.sandbox.control("POST", "faults", json=body)

    def operations(self) -> list[tuple[str, int]]:
        """The uploads that were applied, in order: method and rows."""
        return [
            (item["method"], item["rows"]) for item in self.exporting.uploads() if item["applied"]
        ]


@pytest.fixture
def exporting(api: httpx.AsyncClient, work: Any, sandbox: Any) -> Exporting:
    return Exporting(api, work, sandbox)


@pytest.fixture
def lists(exporting: Exporting, segment_root: Path) -> Lists:
    return Lists(exporting, segment_root)
