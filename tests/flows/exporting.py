"""Source → segment → export → run, and what the audience holds then; for whole flows in few words."""

import csv
import hashlib
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import httpx

from tests.flows.journey import expect, get_run, make_connection, make_export, start_run


def digest(text: str) -> str:
    """What Meta gets of a normalized text."""
    return hashlib.sha256(text.encode()).hexdigest()


def csv_of(rows: Iterable[Mapping[str, str]]) -> str:
    """Members as CSV; fields that a member lacks are empty."""
    items = list(rows)
    names = list(dict.fromkeys(name for row in items for name in row))
    target = io.StringIO()
    writer = csv.DictWriter(target, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(items)
    return target.getvalue()


class Exporting:
    """Source → segment → export → run, and what the audience holds then."""

    def __init__(
        self, api: httpx.AsyncClient, work: Callable[..., Awaitable[None]], sandbox: Any
    ) -> None:
        self.api = api
        self.work = work
        self.sandbox = sandbox
        self.number = 0

    async def segment(self, source: dict[str, Any], **changes: Any) -> dict[str, Any]:
        self.number += 1
        body = {"name": f"segment_{self.number}", "source": source} | changes
        return await expect(await self.api.post("/v1/segments", json=body), 201)

    async def push(
        self, segment: dict[str, Any], body: Any, content_type: str = "text/csv", status: int = 200
    ) -> dict[str, Any]:
        answer = await self.api.put(
            f"/v1/segments/{segment['id']}/members",
            content=body,
            headers={"Content-Type": content_type},
        )
        return await expect(answer, status)

    async def export(
        self, *segments: Mapping[str, Any], is_value_based: bool | None = None, **changes: Any
    ) -> dict[str, Any]:
        """An export with an audience of its own."""
        self.number += 1
        audience = {"name": f"List {self.number}", "is_value_based": is_value_based}
        connection = await make_connection(self.api, audience=audience)
        export = await make_export(self.api, connection, *segments, **changes)
        return export | {"audience_id": connection["audience"]["id"]}

    async def run(self, export: dict[str, Any]) -> dict[str, Any]:
        ((_, run),) = await self.run_all([export])
        return run

    async def run_all(
        self, exports: Iterable[dict[str, Any]]
    ) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each export with its run, all of them by one worker."""
        runs = [(export, await start_run(self.api, export)) for export in exports]
        await self.work()
        return [(export, await get_run(self.api, run)) for export, run in runs]

    def holds(self, export: dict[str, Any]) -> tuple[int, str]:
        found = self.sandbox.audience(export["audience_id"])
        return found["members"], found["checksum"]

    def members(self, export: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The audience's rows by key, without empty cells."""
        held = self.sandbox.members(export["audience_id"])
        return [
            {key: cell for key, cell in zip(held["schema"], row, strict=True) if cell}
            for row in held["rows"]
        ]

    def uploads(self) -> list[dict[str, Any]]:
        """The recorded calls that carried members."""
        return [item for item in self.sandbox.requests("/users") if item["method"] != "GET"]
