"""The names of callers, for people: what stands in a row is an id that outlives its key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.callers import SYSTEM
from app.db.models import ApiKey, BrowserSession
from app.ids import is_id

BOOTSTRAP_NAME = "Bootstrap key"
Shown = TypeVar("Shown", bound=BaseModel)


async def names_of(session: AsyncSession, caller_ids: Iterable[str | None]) -> dict[str, str]:
    """Each caller's name; of people of the OIDC issuer the one they last signed in with, or their subject."""
    wanted = {one for one in caller_ids if one is not None}
    names = {SYSTEM.id: SYSTEM.display_name, "bootstrap": BOOTSTRAP_NAME}
    keys = [one for one in wanted if is_id("key", one)]
    if keys:
        rows = await session.execute(
            select(ApiKey.id, ApiKey.display_name).where(ApiKey.id.in_(keys))
        )
        names |= {row.id: row.display_name for row in rows}
    people = [one for one in wanted if one.startswith("oidc:")]
    if people:
        signed_in = await session.execute(
            select(BrowserSession.caller, BrowserSession.display_name)
            .where(BrowserSession.caller.in_(people))
            .order_by(BrowserSession.id)
        )
        names |= {row.caller: row.display_name for row in signed_in}
    return {one: names.get(one, one.removeprefix("oidc:")) for one in wanted}


async def makers_of(session: AsyncSession, rows: Sequence[Any]) -> dict[str, str]:
    """The names of whoever made each of the rows, and of whoever changed it last."""
    return await names_of(session, [by for row in rows for by in (row.created_by, row.updated_by)])


def made_and_changed(row: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """The last fields of what people set up: by whom and when it was made and changed, and its version."""
    return {
        "created_at": row.created_at,
        "created_by": row.created_by,
        "created_by_name": names[row.created_by],
        "updated_at": row.updated_at,
        "updated_by": row.updated_by,
        "updated_by_name": names[row.updated_by],
        "version": row.version,
    }


async def with_names(
    session: AsyncSession, model: type[Shown], rows: Sequence[Any], *callers: str
) -> list[Shown]:
    """Rows as the model shows them, with `<caller>_name` beside each of the fields that name callers."""
    names = await names_of(session, [getattr(row, field) for row in rows for field in callers])
    beside = {f"{field}_name": field for field in callers}
    sources = {
        name: str(field.validation_alias or name)
        for name, field in model.model_fields.items()
        if name not in beside
    }
    return [
        model.model_validate(
            {source: getattr(row, source) for source in sources.values()}
            | {shown: names.get(getattr(row, field) or "") for shown, field in beside.items()}
        )
        for row in rows
    ]
