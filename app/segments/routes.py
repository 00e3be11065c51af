"""`/v1/segments`; its lines are many, since pushed members come with their own ways to fail."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response, status
from starlette.requests import ClientDisconnect

from app.access.dependencies import ContributorDep, ViewerDep
from app.db.listing import NamedSort, TimeSort, place_of
from app.errors import BadRequest, RequestTimeout
from app.http.dependencies import DatabaseDep, MadeDep, MetadataDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.json_cache import WrittenDep, written_page
from app.http.pagination import Page, cut_page
from app.http.preconditions import IfMatch, check_version, set_etag
from app.http.requests.disconnect import while_listening
from app.http.schemas import Moment, changes
from app.identifiers import PUSHED_KEYS
from app.segments import evaluations, schemas, service
from app.segments.pages import written_segments
from app.segments.pushed import readable_sources
from app.segments.pushes import push
from app.segments.pushes.media_types import ANY, DOCUMENTED, told_by_content
from app.segments.source_types import source_fields
from app.segments.views import attribute_views, evaluation_view, members_view, segment_view

router = APIRouter(prefix="/v1/segments", tags=["segments"], route_class=IdempotentRoute)

SegmentId = Annotated[str, Path(max_length=80, examples=["seg_0193…"])]


@router.post("", operation_id="create_segment", status_code=status.HTTP_201_CREATED)
async def create_segment(
    body: schemas.SegmentCreate,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ContributorDep,
) -> schemas.Segment:
    """Name a set of members and say where they are read from; the source is looked at now."""
    creating = service.create_segment(
        database,
        request.app.state.readers,
        request.app.state.source_access,
        request.app.state.vault,
        caller=caller,
        given={
            **body.model_dump(mode="json", exclude_none=True),
            "source": source_fields(body.source),
        },
    )
    row = await while_listening(request, creating)
    response.headers["Location"] = f"/v1/segments/{row.id}"
    set_etag(response, row.version)
    async with database.transaction() as session:
        return await segment_view(session, request.app.state.vault, caller, row)


@router.get("", operation_id="list_segments", response_model=Page[schemas.Segment])
async def list_segments(
    request: Request,
    written: WrittenDep,
    session: SessionDep,
    page: PageDep,
    metadata: MetadataDep,
    made: MadeDep,
    caller: ViewerDep,
    q: Annotated[str | None, Query(max_length=200, description="in the names")] = None,
    state: Literal["active", "inactive"] | None = None,
    kind: Annotated[
        str | None, Query(max_length=40, description="of the source", examples=["file"])
    ] = None,
    sort: NamedSort = NamedSort.NEWEST,
) -> Response:
    """Segments, newest first unless sorted otherwise."""
    filters = {"q": q, "state": state, "kind": kind, "metadata": metadata, **made}
    scope = f"segments|{filters}|{sort}"
    rows = await service.list_segments(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope, place=lambda row: place_of(row, sort))
    texts = await written_segments(session, written, request.app.state.vault, caller, items)
    return written_page(texts, cursor)


@router.get("/{segment_id}", operation_id="get_segment")
async def get_segment(
    segment_id: SegmentId,
    request: Request,
    response: Response,
    session: SessionDep,
    caller: ViewerDep,
) -> schemas.Segment:
    """A segment."""
    row = await service.get_segment(session, segment_id)
    set_etag(response, row.version)
    return await segment_view(session, request.app.state.vault, caller, row)


@router.patch("/{segment_id}", operation_id="update_segment")
async def update_segment(
    segment_id: SegmentId,
    body: schemas.SegmentUpdate,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ContributorDep,
    if_match: IfMatch = None,
) -> schemas.Segment:
    """Change a segment."""
    async with database.transaction() as session:
        current = await service.get_segment(session, segment_id)
    check_version(if_match, current.version)
    given = body.model_dump(mode="json", include=set(changes(body)))
    if body.source is not None:
        given["source"] = source_fields(body.source)
    updating = service.update_segment(
        database,
        request.app.state.readers,
        request.app.state.source_access,
        request.app.state.vault,
        segment_id,
        caller=caller,
        given=given,
        version=current.version,
    )
    row = await while_listening(request, updating)
    set_etag(response, row.version)
    async with database.transaction() as session:
        return await segment_view(session, request.app.state.vault, caller, row)


@router.delete(
    "/{segment_id}", operation_id="delete_segment", status_code=status.HTTP_204_NO_CONTENT
)
async def delete_segment(
    segment_id: SegmentId,
    request: Request,
    session: SessionDep,
    caller: ContributorDep,
    if_match: IfMatch = None,
) -> Response:
    """Forget a segment; its source is not touched."""
    row = await service.get_segment(session, segment_id)
    check_version(if_match, row.version)
    await service.delete_segment(session, request.app.state.vault, segment_id, caller=caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.put(
    "/{segment_id}/members",
    operation_id="replace_segment_members",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "columns named by Meta's keys: "
            + " ".join(PUSHED_KEYS)
            + ". Text may be packed with gzip or zstd.",
            "content": {
                **DOCUMENTED,
                # also what clients send that know no other binary type
                ANY: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def replace_segment_members(
    segment_id: SegmentId,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ContributorDep,
    if_match: IfMatch = None,
) -> schemas.SegmentMembers:
    """Push the members of a segment of kind upload, all of them, in the place of the old ones.

    They are normalized and hashed as they arrive, and only the hashes are kept; what is a SHA-256
    already passes. The old members stay until the last new one is kept, and if anything goes wrong.
    """
    if if_match is not None:
        async with database.transaction() as session:
            check_version(if_match, (await service.get_segment(session, segment_id)).version)
    declared = request.headers.get("Content-Length", "0")
    settings = request.app.state.settings
    content_type, body = await told_by_content(
        request.headers.get("Content-Type", ""), _body(request)
    )
    row, received = await push.replace_members(
        database,
        request.app.state.uploads,
        segment_id,
        caller=caller,
        content_type=content_type,
        declared_bytes=int(declared) if declared.isdigit() else 0,
        body=body,
    )
    set_etag(response, row.version)
    async with database.transaction() as session:
        return await members_view(
            session,
            request.app.state.vault,
            caller,
            row,
            received,
            settings.refused_values_warning_share,
        )


async def _body(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises `BadRequest` (`upload-interrupted`), `RequestTimeout`."""
    pieces = aiter(request.stream())
    patience: float = request.app.state.settings.body_idle_seconds
    try:
        while True:
            async with asyncio.timeout(patience):
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece
    except TimeoutError:
        raise RequestTimeout(
            f"Nothing of the body came for {patience:g} s; nothing was changed. Push it again."
        ) from None
    except ClientDisconnect:
        raise BadRequest(
            "The body ended before it was complete; nothing was changed. Push it again.",
            code="upload-interrupted",
        ) from None


@router.get("/{segment_id}/attributes", operation_id="list_segment_attributes")
async def list_segment_attributes(
    segment_id: SegmentId, request: Request, database: DatabaseDep, _: ViewerDep
) -> schemas.SegmentAttributes:
    """The members' attributes as the source has them now, with the key each name suggests."""
    async with database.transaction() as session:
        row = await service.get_segment(session, segment_id)
        (source,) = await readable_sources(session, request.app.state.vault, [row])
    looking = service.look_at(source, request.app.state.source_access)
    seen = await while_listening(request, looking)
    return schemas.SegmentAttributes(
        items=attribute_views(seen.attributes),
        detected=service.detected_of(seen.shape),
        cost=seen.cost and schemas.ReadingCost.model_validate(seen.cost),
    )


@router.post("/{segment_id}/refresh", operation_id="refresh_segment")
async def refresh_segment(
    segment_id: SegmentId,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ContributorDep,
) -> schemas.RefreshedSegment:
    """Look at the source again: its attributes and its count. A failure is the answer, and is kept."""
    refreshing = evaluations.refresh_segment(
        database,
        request.app.state.readers,
        request.app.state.source_access,
        request.app.state.vault,
        segment_id,
        caller=caller,
    )
    row, seen = await while_listening(request, refreshing)
    set_etag(response, row.version)
    async with database.transaction() as session:
        view = await segment_view(session, request.app.state.vault, caller, row)
    return schemas.RefreshedSegment(
        **view.model_dump(), attributes=attribute_views(seen.attributes)
    )


@router.get("/{segment_id}/evaluations", operation_id="list_segment_evaluations")
async def list_segment_evaluations(
    segment_id: SegmentId,
    session: SessionDep,
    page: PageDep,
    _: ViewerDep,
    failed: Annotated[bool | None, Query(description="only looks that failed, or did not")] = None,
    at_after: Moment | None = None,
    at_before: Moment | None = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Page[schemas.SegmentEvaluation]:
    """The segment's counts over time, newest first unless sorted otherwise."""
    await service.get_segment(session, segment_id)
    filters = {"failed": failed, "at_after": at_after, "at_before": at_before}
    scope = f"evaluations|{segment_id}|{filters}|{sort}"
    rows = await evaluations.list_evaluations(
        session, segment_id, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    return Page(items=[evaluation_view(row) for row in items], next_cursor=cursor)


@router.get("/{segment_id}/exports", operation_id="list_segment_exports")
async def list_segment_exports(
    segment_id: SegmentId, session: SessionDep, _: ViewerDep
) -> schemas.SegmentExports:
    """The exports that send the segment."""
    await service.get_segment(session, segment_id)
    rows = await service.list_exports(session, segment_id)
    return schemas.SegmentExports(items=[schemas.SegmentExport.model_validate(row) for row in rows])
