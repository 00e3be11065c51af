"""What routes may ask for, as annotated aliases: a signature reads like its sentence."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.session import Database
from app.http.pagination import PageQuery, page_query
from app.http.schemas import Moment

# none of these is a plain function: FastAPI would call each in a thread, at a millisecond a request


async def get_database(request: Request) -> Database:
    """The process's database."""
    database: Database = request.app.state.database
    return database


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The request's transaction, committed before the answer leaves.

    Requests that only read have none: under READ COMMITTED each statement sees its own moment anyway.
    """
    database: Database = request.app.state.database
    if request.method in _READING:
        async with database.reading() as session:
            yield session
        return
    async with database.transaction() as session:
        request.state.session = session
        yield session


_READING = frozenset({"GET", "HEAD"})

DatabaseDep = Annotated[Database, Depends(get_database)]
# scope="function": the commit happens before the response is sent, so a 2xx is never a lie
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
PageDep = Annotated[PageQuery, Depends(page_query)]


def request_id(request: Request) -> str | None:
    """The id that joins this request's log lines, problem document and audit events."""
    value: str | None = getattr(request.state, "request_id", None)
    return value


async def _request_id(request: Request) -> str | None:
    return request_id(request)


RequestIdDep = Annotated[str | None, Depends(_request_id)]


def _pair(text: str) -> str:
    if not text.partition(":")[1] or not text.partition(":")[0]:
        msg = "must be key:value"
        raise ValueError(msg)
    return text


async def metadata_query(
    metadata: Annotated[
        list[Annotated[str, StringConstraints(max_length=600), AfterValidator(_pair)]] | None,
        Query(description="`key:value`; repeat for several, all of which must be there"),
    ] = None,
) -> dict[str, str]:
    """The pairs that a list is asked for."""
    return {key: value for key, _, value in (text.partition(":") for text in metadata or ())}


MetadataDep = Annotated[dict[str, str], Depends(metadata_query)]


async def made_query(
    created_by: Annotated[
        str | None, Query(max_length=300, description="whoever made it, by id")
    ] = None,
    created_after: Annotated[Moment | None, Query(description="at that moment or later")] = None,
    created_before: Annotated[Moment | None, Query(description="earlier than that moment")] = None,
) -> dict[str, Any]:
    """By whom and when the items of a list were made."""
    return {
        "created_by": created_by,
        "created_after": created_after,
        "created_before": created_before,
    }


MadeDep = Annotated[dict[str, Any], Depends(made_query)]
