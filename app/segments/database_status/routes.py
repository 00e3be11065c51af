"""`/v1/segment-sources`: the databases that segments may be read from, for administrators."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from app.access.dependencies import AdministratorDep
from app.segments.database_status import schemas
from app.sources.database_checks import Checked, check_database, check_databases

router = APIRouter(prefix="/v1/segment-sources", tags=["segments"])


@router.get("", operation_id="list_segment_sources")
async def list_segment_sources(
    request: Request,
    _: AdministratorDep,
    q: Annotated[str | None, Query(max_length=100, description="in the name")] = None,
    kind: Annotated[str | None, Query(max_length=40, examples=["postgres"])] = None,
    *,
    answers: Annotated[bool | None, Query(description="whether it answers now")] = None,
) -> schemas.SegmentSources:
    """The databases that segments may name, by name, and whether each answers now; never an address."""
    found = await asyncio.to_thread(check_databases, request.app.state.source_access)
    items = [_listed(item) for item in found]
    return schemas.SegmentSources(
        items=[
            item
            for item in items
            if (q is None or q.lower() in item.name.lower())
            and (kind is None or kind == item.kind)
            and (answers is None or answers == item.answers)
        ]
    )


@router.post("/{name}/check", operation_id="check_segment_source")
async def check_segment_source(
    name: Annotated[str, Path(max_length=100, examples=["crm"])],
    request: Request,
    _: AdministratorDep,
) -> schemas.SegmentSourceChecks:
    """Connect and sign in now, look whether tables can be read, and try to write, which must be refused."""
    found = await asyncio.to_thread(check_database, name, request.app.state.source_access)
    return schemas.SegmentSourceChecks(
        name=found.name,
        kind=found.kind,
        ok=found.ok,
        checks=[schemas.SegmentSourceCheck.model_validate(check) for check in found.checks],
        seconds=found.seconds,
    )


def _listed(found: Checked) -> schemas.SegmentSource:
    failed = next((check for check in found.checks if check.ok is False), None)
    return schemas.SegmentSource(
        name=found.name,
        kind=found.kind,
        answers=bool(found.checks[0].ok and found.checks[1].ok),
        code=None if failed is None else failed.code,
        detail=None if failed is None else failed.detail,
    )
