"""A clock that the test sets, and rows to schedule without a walk through the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app import clock
from app.db.models import Connection, Export, ExportSegment, Run, Segment
from app.db.session import Database
from app.ids import new_id
from app.settings import Settings


class Clock:
    """What time the service believes it is."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def forward(self, **duration: float) -> None:
        self.time += timedelta(**duration)


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The service's clock; it stands still unless the test moves it."""
    fake = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(clock, "now", fake.now)
    return fake


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """No upkeep in the background: the tests look themselves."""
    return make_settings(sweep_seconds=86_400)


async def insert_connection(database: Database, **changes: Any) -> str:
    """A ready connection."""
    now = clock.now()
    values: dict[str, Any] = {
        "id": new_id("con"),
        "type": "facebook_ads_manager",
        "display_name": "Newsletter",
        "shared_with": ["administrator"],
        "status": "ready",
        "ad_account": {"id": "act_1001", "name": "Shop", "business": None},
        "audience": {"id": "1", "name": "List", "subtype": "CUSTOM"},
        "created_at": now,
        "created_by": "test",
        "updated_at": now,
        "updated_by": "test",
    }
    async with database.transaction() as session:
        row = Connection(**values | changes)
        session.add(row)
    return row.id


async def insert_export(
    database: Database, connection_id: str | None, schedule: dict[str, Any], **changes: Any
) -> str:
    """An export of one segment."""
    now = clock.now()
    stamps = {"created_at": now, "created_by": "test", "updated_at": now, "updated_by": "test"}
    segment = Segment(
        id=new_id("seg"),
        name=new_id("seg"),
        display_name="Segment",
        source={"kind": "file", "url": "/nowhere.csv"},
        **stamps,
    )
    values: dict[str, Any] = {
        "id": new_id("exp"),
        "display_name": "Export",
        "connection_id": connection_id,
        "key_identifier": "email",
        "attributes": {"EMAIL": ["email"]},
        "sync_mode": "add",
        "schedule": {"cron": None, "time_zone": None} | schedule,
        "schedule_checked_at": now,
        **stamps,
    }
    async with database.transaction() as session:
        row = Export(**values | changes)
        session.add_all([segment, row])
        await session.flush()
        session.add(ExportSegment(export_id=row.id, position=0, segment_id=segment.id))
    return row.id


async def finish_runs(database: Database) -> None:
    """Let every active run end."""
    async with database.transaction() as session:
        await session.execute(
            update(Run)
            .where(Run.status.in_(["queued", "running"]))
            .values(status="succeeded", finished_at=clock.now())
        )
