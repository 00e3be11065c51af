"""What routes may ask for, as annotated aliases: a signature reads like its sentence."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.session import Database
from app.http.pagination import PageQuery, page_query


def get_database(request: Request) -> Database:
    """The process's database."""
    database: Database = request.app.state.database
    return database


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The request's transaction, committed before the answer leaves."""
    async with get_database(request).transaction() as session:
        request.state.session = session
        yield session


DatabaseDep = Annotated[Database, Depends(get_database)]
# scope="function": the commit happens before the response is sent, so a 2xx is never a lie
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
PageDep = Annotated[PageQuery, Depends(page_query)]


def request_id(request: Request) -> str | None:
    """The id that joins this request's log lines, problem document and audit events."""
    value: str | None = getattr(request.state, "request_id", None)
    return value


RequestIdDep = Annotated[str | None, Depends(request_id)]
