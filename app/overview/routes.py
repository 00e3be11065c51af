"""`/v1/overview`."""

from fastapi import APIRouter

from app.access.dependencies import ViewerDep
from app.http.dependencies import SessionDep
from app.overview import schemas, service
from app.overview.views import overview_view

router = APIRouter(prefix="/v1", tags=["operations"])


@router.get("/overview", operation_id="get_overview")
async def get_overview(session: SessionDep, caller: ViewerDep) -> schemas.Overview:
    """What is broken, what runs, what comes within 24 hours, which tokens end, and which workers live."""
    return await overview_view(session, await service.overview(session, caller))
