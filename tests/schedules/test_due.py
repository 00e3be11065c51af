"""Who starts what, once: a year with two lookers that come and go, and what is left alone (L38-L47, L55)."""

import asyncio
import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app import clock
from app.db.models import Export, RefreshSchedule, Run
from app.db.session import Database
from app.errors import Unprocessable
from app.exports.service import last_runs_of
from app.queue import QueueNotifier
from app.runs import service
from app.schedules.due import start_due
from tests.schedules.conftest import Clock, finish_runs, insert_connection, insert_export
from tests.schedules.wall import END, START, ZONES, at, moments


@pytest.fixture
async def notifier(redis_url: str) -> AsyncIterator[QueueNotifier]:
    opened = QueueNotifier(redis_url)
    yield opened
    await opened.close()


async def set_refresh(database: Database, **changes: Any) -> None:
    values: dict[str, Any] = {
        "id": 1,
        "enabled": True,
        "frequency": "daily",
        "days": [],
        "time_zone": "UTC",
        "times": ["03:00"],
        "checked_at": clock.now(),
        "updated_at": clock.now(),
        "updated_by": "test",
    }
    async with database.transaction() as session:
        await session.merge(RefreshSchedule(**values | changes))


async def runs_of(database: Database) -> dict[str, list[datetime]]:
    found = defaultdict(list)
    async with database.transaction() as session:
        for run in await session.scalars(select(Run).order_by(Run.id)):
            assert (run.trigger, run.requested_by) == ("scheduled", "system")
            if run.status != "skipped":
                found[run.export_id].append(run.queued_at)
    return found


async def withheld(database: Database) -> dict[str, list[str]]:
    """Why runs that were due did not start, by export."""
    found = defaultdict(list)
    async with database.transaction() as session:
        rows = await session.scalars(select(Run).where(Run.status == "skipped").order_by(Run.id))
        for run in rows:
            assert run.error is not None
            assert run.error["message"].endswith((".", ")."))
            assert run.finished_at == run.queued_at == clock.now()
            found[run.export_id].append(run.error["code"])
    return dict(found)


async def test_a_year_with_lookers_that_come_and_go(
    database: Database, database_url: str, notifier: QueueNotifier, wall_clock: Clock
) -> None:
    """No moment is missed for longer than nobody looks, none is used twice; missed ones are one run."""
    dice = random.Random(7)
    connection = await insert_connection(database)
    expected: dict[str, list[datetime]] = {}
    # Sundays, when clocks are changed
    for zone in ZONES[:5]:
        schedule = {"mode": "custom", "cron": "30 2 * * 0", "time_zone": zone}
        expected[await insert_export(database, connection, schedule)] = moments(
            zone, at(["02:30"], [6])
        )
    await set_refresh(
        database, frequency="weekly", days=["sunday"], time_zone=ZONES[0], times=["02:15", "02:45"]
    )
    expected[await insert_export(database, connection, {"mode": "system"})] = moments(
        ZONES[0], at(["02:15", "02:45"], [6])
    )
    every = sorted(set().union(*expected.values()))
    looks = [
        moment + timedelta(seconds=dice.uniform(0, 50)) for moment in every if dice.random() < 0.5
    ]
    looks += [START + (END - START) * dice.random() for _ in range(15)]
    second = Database(database_url)
    finished = []
    for look in sorted(looks):
        wall_clock.time = look
        match dice.randrange(4):
            case 0:
                await asyncio.gather(start_due(database, notifier), start_due(second, notifier))
                finished.append(look)
            case 1:  # stopped in the middle of it
                task = asyncio.create_task(start_due(database, notifier))
                with suppress(asyncio.TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(task, dice.uniform(0.001, 0.015))
            case _:
                await start_due(dice.choice([database, second]), notifier)
                finished.append(look)
        await finish_runs(database)
    wall_clock.time = END
    await start_due(second, notifier)
    finished.append(END)
    await second.close()

    runs, together = await runs_of(database), 0
    assert set(runs) == set(expected)
    for export_id, due in expected.items():
        before = START
        for started in runs[export_id]:
            used = [moment for moment in due if before < moment <= started]
            assert used, "a run for which nothing was due: doubled"
            together += len(used) > 1
            before = started
        for moment in due:
            looked = finished[bisect_left(finished, moment)]
            assert any(moment <= started <= looked for started in runs[export_id]), "missed"
    assert together > 5  # some nights nobody looked


async def test_while_somebody_looks_there_is_a_run_for_every_moment(
    database: Database, notifier: QueueNotifier, wall_clock: Clock
) -> None:
    """Around both changes of the clocks, looking every five minutes."""
    connection = await insert_connection(database)
    schedule = {"mode": "custom", "cron": "*/30 0-3 * * *", "time_zone": "Europe/Berlin"}
    export = await insert_export(database, connection, schedule)
    due = [
        moment
        for moment in moments(
            "Europe/Berlin", lambda face: face.hour < 4 and face.minute in {0, 30}
        )
        if (moment.month, moment.day) in {(3, 29), (10, 25)} and moment.hour < 6
    ]
    assert len(due) == 4 + 4  # of the UTC days; 02:00 and 02:30 fall on 03:00 in March
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        async with database.transaction() as session:
            await session.execute(
                update(Export).values(schedule_checked_at=day - timedelta(seconds=1))
            )
        for minutes in range(0, 360, 5):
            wall_clock.time = day + timedelta(minutes=minutes, seconds=3)
            await start_due(database, notifier)
            await finish_runs(database)
    assert [moment.replace(second=0) for moment in (await runs_of(database))[export]] == due


async def looked_at(session: AsyncSession) -> dict[str, datetime]:
    rows = await session.execute(select(Export.id, Export.schedule_checked_at))
    return {row.id: row.schedule_checked_at for row in rows}


async def test_what_must_not_start_does_not_and_says_why(
    database: Database, notifier: QueueNotifier, wall_clock: Clock
) -> None:
    """L32, L47, L55: withheld runs are skipped and say why; what is not due writes nothing."""
    ready = await insert_connection(database)
    broken = await insert_connection(database, status="reauthentication_required")
    daily = {"mode": "custom", "cron": "0 5 * * *", "time_zone": "UTC"}
    idle = {
        "detached": await insert_export(database, None, daily),
        "disabled": await insert_export(database, ready, daily, enabled=False),
        "broken": await insert_export(database, broken, daily),
        "manual": await insert_export(database, ready, daily | {"mode": "manual"}),
        "system": await insert_export(database, ready, {"mode": "system"}),
    }
    good = await insert_export(database, ready, daily)
    wall_clock.forward(hours=4)
    async with database.transaction() as session:
        before = await looked_at(session)
    assert await start_due(database, notifier) == []
    async with database.transaction() as session:
        after = await looked_at(session)
    assert before == after  # not due: nothing is touched
    assert await withheld(database) == {}
    wall_clock.forward(hours=4)
    assert len(await start_due(database, notifier) or []) == 1
    assert set(await runs_of(database)) == {good}
    assert await withheld(database) == {
        idle["detached"]: ["export-detached"],
        idle["disabled"]: ["export-disabled"],
        idle["broken"]: ["reauthentication-required"],
    }
    # the moment is used up for them too
    await start_due(database, notifier)
    assert len(await withheld(database)) == 3
    async with database.transaction() as session:
        versions = set(await session.scalars(select(Export.version)))
    assert versions == {1}  # to look is no change of the export
    # the refresh schedule is off by default (L57)
    assert idle["system"] not in await runs_of(database)


async def test_an_active_run_is_left_and_its_moment_used_up(
    database: Database, notifier: QueueNotifier, wall_clock: Clock
) -> None:
    connection = await insert_connection(database)
    export = await insert_export(
        database, connection, {"mode": "custom", "cron": "0 * * * *", "time_zone": "UTC"}
    )
    wall_clock.forward(minutes=61)
    assert len(await start_due(database, notifier) or []) == 1
    wall_clock.forward(minutes=60)  # the run is still active
    assert await start_due(database, notifier) == []
    assert await withheld(database) == {export: ["run-already-active"]}
    async with database.transaction() as session:
        last = (await last_runs_of(session, [export]))[export]
        active = await session.scalar(select(Run.id).where(Run.status == "queued"))
    # the one at work is what a list of exports shows (L55)
    assert last.id == active
    await finish_runs(database)
    assert await start_due(database, notifier) == []
    wall_clock.forward(minutes=60)
    assert len(await start_due(database, notifier) or []) == 1
    assert len((await runs_of(database))[export]) == 2


async def test_one_broken_export_does_not_stop_the_others(
    database: Database, notifier: QueueNotifier, wall_clock: Clock
) -> None:
    connection = await insert_connection(database)
    await insert_export(
        database, connection, {"mode": "custom", "cron": "0 * * * *", "time_zone": "Atlantis"}
    )
    good = await insert_export(
        database, connection, {"mode": "custom", "cron": "0 * * * *", "time_zone": "UTC"}
    )
    wall_clock.forward(hours=1)
    assert len(await start_due(database, notifier) or []) == 1
    assert set(await runs_of(database)) == {good}


async def test_twenty_lookers_at_once_start_one_run(
    database: Database, database_url: str, notifier: QueueNotifier, wall_clock: Clock
) -> None:
    connection = await insert_connection(database)
    for _ in range(5):
        await insert_export(database, connection, {"mode": "system"})
    await set_refresh(database)
    wall_clock.forward(days=3, hours=4)  # nobody looked for three days
    others = [Database(database_url, pool_size=3) for _ in range(4)]
    await asyncio.gather(*(start_due(other, notifier) for other in others for _ in range(5)))
    await asyncio.gather(*(other.close() for other in others))
    assert [len(runs) for runs in (await runs_of(database)).values()] == [1] * 5


@pytest.mark.parametrize("where", ["export", "system", "zone"])
async def test_a_schedule_that_nobody_can_read_stops_no_other(
    database: Database, notifier: QueueNotifier, wall_clock: Clock, where: str
) -> None:
    connection = await insert_connection(database)
    if where == "export":
        unread = {"mode": "custom", "cron": "now and then", "time_zone": "UTC"}
        await insert_export(database, connection, unread)
    else:
        spoilt = {"times": ["25:00"]} if where == "system" else {"time_zone": "../x"}
        await set_refresh(database, **spoilt)
        await insert_export(database, connection, {"mode": "system"})
    good = await insert_export(
        database, connection, {"mode": "custom", "cron": "0 * * * *", "time_zone": "UTC"}
    )
    wall_clock.forward(hours=1)
    with capture_logs() as lines:
        assert len(await start_due(database, notifier) or []) == 1
    assert set(await runs_of(database)) == {good}
    told = [line for line in lines if line["event"] == "schedule.failed"]
    assert told
    assert all(line["where"] for line in told)


def queue_none_of(kinds: Mapping[str, Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of these exports fail so, as long as they stand there; those of the others are queued."""
    queue = service.queue_run

    async def queue_run(session: AsyncSession, notifier: Any, export: Export, **how: Any) -> Run:
        if export.id in kinds:
            raise kinds[export.id]
        return await queue(session, notifier, export, **how)

    monkeypatch.setattr("app.schedules.due.queue_run", queue_run)


async def test_an_export_whose_run_is_refused_stops_no_other(
    database: Database,
    notifier: QueueNotifier,
    wall_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = await insert_connection(database)
    hourly = {"mode": "custom", "cron": "0 * * * *", "time_zone": "UTC"}
    refused, good = [await insert_export(database, connection, hourly) for _ in range(2)]
    queue_none_of({refused: Unprocessable("It cannot be run.")}, monkeypatch)
    wall_clock.forward(hours=1)
    assert len(await start_due(database, notifier) or []) == 1
    assert set(await runs_of(database)) == {good}


async def test_an_export_that_failed_does_not_miss_the_moment_of_the_system(
    database: Database,
    notifier: QueueNotifier,
    wall_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried again until it starts; the others start once a moment, also while one fails for ever."""
    connection = await insert_connection(database)
    crashed, refused, good = [
        await insert_export(database, connection, {"mode": "system"}) for _ in range(3)
    ]
    await set_refresh(database, frequency="weekly", days=["sunday"])
    kinds = {crashed: KeyError("x"), refused: Unprocessable("It cannot be run.")}
    queue_none_of(kinds, monkeypatch)
    wall_clock.time = datetime(2026, 1, 4, 3, 1, tzinfo=UTC)
    assert len(await start_due(database, notifier) or []) == 1
    await finish_runs(database)
    wall_clock.forward(minutes=1)
    assert await start_due(database, notifier) == []
    # one that is made meanwhile is owed nothing
    late = await insert_export(database, connection, {"mode": "system"})
    del kinds[crashed]
    wall_clock.forward(minutes=1)
    assert len(await start_due(database, notifier) or []) == 1
    assert set(await runs_of(database)) == {crashed, good}
    for week in (1, 2):
        await finish_runs(database)
        wall_clock.time = datetime(2026, 1, 4 + 7 * week, 3, 1, tzinfo=UTC)
        assert len(await start_due(database, notifier) or []) == 3
        assert await start_due(database, notifier) == []
    del kinds[refused]
    await finish_runs(database)
    assert len(await start_due(database, notifier) or []) == 1
    assert await start_due(database, notifier) == []
    counts = {export: len(runs) for export, runs in (await runs_of(database)).items()}
    assert counts == {crashed: 3, good: 3, late: 2, refused: 1}
    assert await withheld(database) == {}
    async with database.transaction() as session:
        assert (await session.get_one(RefreshSchedule, 1)).checked_at == wall_clock.time
